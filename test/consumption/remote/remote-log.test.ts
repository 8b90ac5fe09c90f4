import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAll, sampleEvent } from '../../../src/consumption/contract/sample-events.ts';
import {
  combinations,
  sampleQueries,
  variedEvents,
} from '../../../src/consumption/contract/sample-queries.ts';
import { EventLog } from '../../../src/consumption/event-log.ts';
import { follow } from '../../../src/consumption/follow.ts';
import { openRemoteLog, type RemoteLog } from '../../../src/consumption/remote/remote-log.ts';
import { everything } from '../../../src/domain/query.ts';
import { type Served, serve } from '../../../src/main/serve.ts';
import type { Transcoding } from '../../../src/persistence/mapper/transcoding.ts';
import type { TestDatabase } from '../../support/database.ts';
import { countersBackend, countersProjection, createCountersDatabase } from '../counters.ts';

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
const money: Transcoding<Money> = {
  name: 'money',
  isOne: (value): value is Money => value instanceof Money,
  encode: ({ cents }) => cents,
  decode: (json) => new Money(Number(json)),
};

let created: TestDatabase;
let served: Served;
let remote: RemoteLog;
beforeAll(async () => {
  created = await createCountersDatabase();
  served = await serve(
    { ...countersBackend(countersProjection()), transcodings: [money] },
    {
      databaseUrl: created.url,
      port: 0,
    },
  );
  remote = openRemoteLog({ url: `${served.url}/graphql`, transcodings: [money] });
  for (const event of variedEvents()) await served.backend.store.append({ events: [event] });
});
afterAll(async () => {
  await remote.stop();
  await served.stop();
  await created.drop();
});

test('an event comes as the log has it, envelope and values', async () => {
  const full = sampleEvent({
    type: 'Full',
    schemaVersion: 3,
    data: {
      at: new Date('2010-12-01T08:26:00.123Z'),
      big: 2n ** 70n,
      bytes: new Uint8Array([0, 255]),
      map: new Map([['a', new Set([1])]]),
      paid: new Money(1250),
      $odd: { __proto__: null, nested: [null, 1.5, 'ü'] },
    },
    tags: ['customer:1', 'x:"y"'],
    correlationId: 'visit 1',
    causationId: 'click 2',
    actor: 'alice',
    tenant: 'north',
    metadata: { ip: '::1', tries: [1, null] },
  });
  await served.backend.store.append({ events: [full] });
  const query = { items: [{ types: ['Full'] }] };
  const [local] = await readAll(served.backend.store, query);
  expect(local).toMatchObject({ tenant: 'north', data: { paid: new Money(1250) } });
  expect(await Array.fromAsync(remote.read(query))).toEqual([local]);
  expect(await remote.head()).toBe(local?.position);
});

describe('whatever is asked, a remote log gives what the log gives', () => {
  const options = combinations({
    after: [5],
    before: [20],
    limit: [0, 3],
    backwards: [true],
    asOf: [new Date(0)],
  });

  test.each(options)('with %o', async (given) => {
    const chosen = [
      ...sampleQueries.filter((_, index) => index % 23 === 0),
      { items: [{ stream: 'S-1', afterVersion: 7 }] },
    ];
    for (const query of chosen) {
      const { asOf, ...rest } = given;
      // As the log stood behind its tenth event.
      const [tenth] =
        asOf === undefined ? [] : await readAll(served.backend.store, everything, { after: 9, limit: 1 });
      const options = { ...rest, ...(tenth && { asOf: tenth.recordedAt }) };
      const local = await readAll(served.backend.store, query, options);
      expect(await Array.fromAsync(remote.read(query, options))).toEqual(local);
    }
  });
});

test('a log of several pages is read whole', async () => {
  const events = Array.from({ length: 500 }, (_, n) => sampleEvent({ stream: 'Many', data: { n } }));
  for (let batch = 0; batch < 5; batch += 1)
    await served.backend.store.append({ events: events.map((one) => ({ ...one, id: crypto.randomUUID() })) });
  const [local, there] = await Promise.all([
    readAll(served.backend.store, everything),
    Array.fromAsync(remote.read(everything)),
  ]);
  expect(there.length).toBeGreaterThan(2_500);
  expect(there).toEqual(local);
  const backwards = await Array.fromAsync(remote.read(everything, { backwards: true }));
  expect(backwards).toEqual(local.toReversed());
});

test('whoever follows it is woken, and misses nothing', async () => {
  const stopping = new AbortController();
  const log = new EventLog(remote, { bell: remote.bell, pageSize: 1_000 });
  const after = await log.head();
  const seen: unknown[] = [];
  // Nobody looks by himself: only the subscription can say that there is more.
  const following = (async () => {
    for await (const page of follow(log, { after, signal: stopping.signal, timeout: 2 ** 30 }))
      seen.push(...page.events.map(({ data }) => data));
  })();
  for (let n = 0; n < 20; n += 1) {
    await served.backend.store.append({ events: [sampleEvent({ data: { n } })] });
    await expect.poll(() => seen, { timeout: 10_000 }).toHaveLength(n + 1);
  }
  expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => ({ n })));
  stopping.abort();
  await following;
});

test('a read ends when its signal aborts, and when the log is closed', async () => {
  const stopping = new AbortController();
  stopping.abort();
  const reading = Array.fromAsync(remote.read(everything, { signal: stopping.signal }));
  await expect(reading).rejects.toMatchObject({ code: 'ABORTED' });
  const other = openRemoteLog({ url: `${served.url}/graphql` });
  await other.stop();
  await expect(Array.fromAsync(other.read(everything))).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(other.head()).rejects.toMatchObject({ code: 'ABORTED' });
});

test('a position that the log does not have is refused, and named', async () => {
  const reading = Array.fromAsync(remote.read(everything, { after: 1_000_000 }));
  await expect(reading).rejects.toMatchObject({
    code: 'REMOTE_LOG_REFUSED',
    message: expect.stringMatching(/The position 1000000 is beyond the head/),
    fields: { code: 'BAD_USER_INPUT' },
  });
});

test('values of a class that nothing here can read are refused, and named', async () => {
  await using plain = openRemoteLog({ url: `${served.url}/graphql` });
  await expect(Array.fromAsync(plain.read({ items: [{ types: ['Full'] }] }))).rejects.toMatchObject({
    code: 'UNKNOWN_VALUE_TYPE',
    message: expect.stringMatching(/Full/),
  });
});
