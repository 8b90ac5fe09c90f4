import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresPersistence } from '../../../src/adapters/postgres/postgres-persistence.ts';
import { listenForAppends } from '../../../src/adapters/postgres/postgres-wake-up.ts';
import {
  assertRejects,
  readAll,
  readStream,
  sampleEvent,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';
import { everything } from '../../../src/domain/query.ts';
import type { StoredCommand } from '../../../src/persistence/log-archive.ts';
import type { Persistence } from '../../../src/persistence/persistence.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { isLocked, until } from './until.ts';

let source: TestStore;
beforeAll(async () => {
  source = await openTestStore();
  await source.store.append({ events: [], command: { id: 'nothing', fingerprint: 'f' } });
  await source.store.append({
    events: [
      sampleEvent({ stream: 'A', tags: ['x:1', 'y "2"'], metadata: { from: 'a test' }, actor: 'me' }),
      sampleEvent({ stream: 'B', data: new Uint8Array([0, 1, 255]) }),
    ],
    command: { id: 'b', fingerprint: 'f1' },
  });
  await source.store.append({ events: [], command: { id: 'a', fingerprint: 'f2' } });
  await source.store.append({
    events: [sampleEvent({ stream: 'A', data: null, tags: ['x:1'] })],
    command: { id: 'c', fingerprint: 'f3' },
  });
});
afterAll(() => source[Symbol.asyncDispose]());

async function wholeLog({ events, archive }: Persistence) {
  const stored = await readAll(events, everything);
  const commands = await Array.fromAsync(archive.readCommands({ after: -1, upTo: stored.length }));
  return { events: stored, commands };
}

test('commands are read by position and id, those of an empty log only from before it', async () => {
  const read = async (after: number, upTo: number) =>
    (await Array.fromAsync(source.persistence.archive.readCommands({ after, upTo }))).map(
      ({ id, position, events }) => [id, position, events],
    );
  expect(await read(-1, 3)).toEqual([
    ['nothing', 0, 0],
    ['a', 2, 0],
    ['b', 2, 2],
    ['c', 3, 1],
  ]);
  expect([await read(0, 2), await read(2, 2), await read(-1, 0)]).toEqual([
    [
      ['a', 2, 0],
      ['b', 2, 2],
    ],
    [],
    [['nothing', 0, 0]],
  ]);
});

test('more commands than a page holds, many at one position, come each once', async () => {
  await using opened = await openTestStore();
  await opened.database.session.execute(
    sql`insert into livefold.commands (id, fingerprint, position, events) select 'c' || i, 'f', case when i <= 20000 then 5 else i - 20000 end, 0 from generate_series(1, 40000) i`,
  );
  const commands = await Array.fromAsync(opened.persistence.archive.readCommands({ after: 0, upTo: 20_000 }));
  expect(new Set(commands.map(({ id }) => id)).size).toBe(40_000);
  const sorted = commands.toSorted(
    (one, other) => one.position - other.position || (one.id < other.id ? -1 : 1),
  );
  expect(commands).toEqual(sorted);
});

test('a log is restored as it was, in parts, and goes on from there', async () => {
  await using opened = await openTestStore();
  await using wakeUp = await listenForAppends(opened.url);
  const rings = wakeUp.bell.rings;
  const { events, commands } = await wholeLog(source.persistence);
  const upTo = (position: number) => ({
    events: events.slice(0, position),
    commands: commands.filter((command) => command.position <= position),
  });
  await opened.persistence.archive.restore(upTo(2));
  await wakeUp.bell.wait(rings);
  await opened.persistence.archive.restore({
    events: events.slice(2),
    // What an import that was killed stored before is left as it is.
    commands: commands.map((command) => ({ ...command, fingerprint: `${command.fingerprint}` })),
  });
  expect(await wholeLog(opened.persistence)).toStrictEqual({ events, commands });
  expect(await Array.fromAsync(opened.store.read({ items: [{ tags: ['x:1'] }] }))).toHaveLength(2);
  expect(await opened.store.receiptOf({ id: 'b', fingerprint: 'f1' })).toEqual(
    await source.store.receiptOf({ id: 'b', fingerprint: 'f1' }),
  );
  expect(await opened.persistence.archive.checkTags()).toEqual({ checked: 3, faults: [] });
  const expected = [{ stream: 'A', version: 2 }];
  const next = await opened.store.append({ events: [sampleEvent({ stream: 'A' })], expected });
  expect(next).toMatchObject({ position: 4, version: 3 });
});

test.each<[string, (events: readonly StoredEvent[]) => readonly StoredEvent[]]>([
  ['has a hole', ([first, , third]) => [first, third].filter((event) => event !== undefined)],
  ['begins behind the head', (events) => events.slice(1)],
  ['skips a version', (events) => events.map((event) => ({ ...event, version: event.version + 1 }))],
  ['has an id twice', (events) => events.map((event) => ({ ...event, id: events[0]?.id ?? '' }))],
])('a part that %s is refused whole', async (_, change) => {
  await using opened = await openTestStore();
  const { events, commands } = await wholeLog(source.persistence);
  await assertRejects(
    'CONCURRENCY_CONFLICT',
    opened.persistence.archive.restore({ events: change(events), commands }),
  );
  expect(await wholeLog(opened.persistence)).toEqual({ events: [], commands: [] });
});

test('of two who restore the same part at once one stores it', async () => {
  await using opened = await openTestStore();
  const part = await wholeLog(source.persistence);
  const other = createPostgresPersistence({ database: opened.database });
  const outcomes = await Promise.allSettled(
    [opened.persistence, other, opened.persistence].map(({ archive }) => archive.restore(part)),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await readStream(opened.store, 'A')).toHaveLength(2);
});

test('an append that comes during a restore waits for it', async () => {
  await using opened = await openTestStore();
  const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = opened.persistence.transaction(async (transaction) => {
    await transaction.execute(sql`lock table livefold.commands in exclusive mode`);
    locked.resolve();
    await released.promise;
  });
  await locked.promise;
  const restoring = opened.persistence.archive.restore(await wholeLog(source.persistence));
  await until(() => isLocked(opened.database, 'held'));
  const appending = opened.store.append({ events: sampleEvents(1) });
  await until(() => isLocked(opened.database, 'wanted'));
  released.resolve();
  await Promise.all([holding, restoring]);
  expect(await appending).toMatchObject({ position: 4 });
});

test('tags that the index lacks, and entries that no event has, are found', async () => {
  await using opened = await openTestStore();
  await opened.store.append({ events: sampleEvents(2, { tags: ['a', 'b'] }) });
  await opened.database.session.execute(sql`delete from livefold.tags where tag = 'b' and position = 2`);
  await opened.database.session.execute(sql`insert into livefold.tags values ('c', 1), ('a', 9)`);
  expect(await opened.persistence.archive.checkTags()).toEqual({
    checked: 4,
    faults: [
      { tag: 'c', position: 1, isMissing: false },
      { tag: 'b', position: 2, isMissing: true },
      { tag: 'a', position: 9, isMissing: false },
    ],
  });
});

test('a restore of thousands of events keeps all of them, whatever they hold', async () => {
  await using opened = await openTestStore();
  const events = sampleEvents(5_000, { tags: ['t:1'] }).map((event, n) => ({
    ...event,
    position: n + 1,
    version: n + 1,
    recordedAt: new Date(1_700_000_000_000 + n),
    data: n % 2 === 0 ? { text: 'a"\\{},\n\u2028NULL' } : new Uint8Array([n % 256]),
  }));
  const commands: readonly StoredCommand[] = events.map(({ position, id }) => ({
    id,
    fingerprint: 'f',
    position,
    events: 1,
  }));
  await opened.persistence.archive.restore({ events, commands });
  expect(await wholeLog(opened.persistence)).toStrictEqual({ events, commands });
});
