import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../src/adapters/postgres/postgres-event-store.ts';
import { createInlineProjector } from '../../src/adapters/postgres/postgres-read-models.ts';
import type { ProjectionOptions } from '../../src/consumption/projection.ts';
import type { PreparedEvent } from '../../src/domain/event.ts';
import { everything } from '../../src/domain/query.ts';
import type { TestDatabase } from '../support/database.ts';
import { auditCounters, faultsOf } from './audit/audit-counters.ts';
import { byId, counted, countersProjection, createCountersDatabase, foldAll, removed } from './counters.ts';
import { type OpenCounters, openCounters } from './open-counters.ts';
import { writeConcurrently } from './write-concurrently.ts';

/** A database with a log that no projection has seen. */
async function createLog(...events: readonly PreparedEvent[]): Promise<TestDatabase> {
  const created = await createCountersDatabase();
  const database = openDatabase(created.url, { connections: 1 });
  if (events.length > 0) await createPostgresEventStore({ database }).append({ events });
  await database.close();
  return created;
}

async function foldedBehind({ backend, counters }: OpenCounters, start: number) {
  return foldAll(counters, await Array.fromAsync(backend.store.read(everything, { after: start })));
}

const before = [counted('a'), counted('a', 'b'), counted('b')];

test.each<[string, ProjectionOptions, number]>([
  ['the beginning', {}, 0],
  ['the beginning, said so', { startAt: 'beginning' }, 0],
  ['the end', { startAt: 'end' }, 3],
  ['a position', { startAt: 2 }, 2],
  ['the end, with several shards', { startAt: 'end', shards: 4 }, 3],
  ['the end, inline', { startAt: 'end', mode: 'inline' }, 3],
  ['a position, inline', { startAt: 1, mode: 'inline' }, 1],
])('a projection starts at %s', async (_, options, start) => {
  await using created = await createLog(...before);
  await using opened = await openCounters({ url: created.url, ...options });
  expect(await opened.backend.models.start(opened.counters)).toBe(start);
  await opened.append(counted('a', 'c'));
  await opened.append(counted('c'), removed('b'));
  await opened.settle();
  expect(await opened.rows()).toEqual(await foldedBehind(opened, start));
  expect(faultsOf(await auditCounters(opened))).toEqual([]);
});

test('what was before the start counts as passed', async () => {
  await using created = await createLog(...before);
  await using opened = await openCounters({ url: created.url, startAt: 'end' });
  await opened.running.waitFor(3, { timeout: 30_000 });
  expect(opened.running.feed.position).toBe(3);
});

test('it starts once: neither a restart nor another option moves it', async () => {
  await using created = await createLog(...before);
  const first = await openCounters({ url: created.url, startAt: 'end' });
  await first.append(counted('a'));
  await first.settle();
  await first.backend.stop();
  await using second = await openCounters({ url: created.url, startAt: 'beginning' });
  await second.append(counted('a'));
  await second.settle();
  expect(await second.rows()).toEqual([{ id: 'a', total: 2, label: null, position: 5 }]);
});

test('another number of shards leaves the start where it was', async () => {
  await using created = await createLog(...before);
  const first = await openCounters({ url: created.url, startAt: 'end', shards: 2 });
  await first.append(counted('a', 'c'));
  await first.settle();
  await first.backend.stop();
  await using second = await openCounters({ url: created.url, shards: 3 });
  await second.append(counted('a', 'd'));
  await expect.poll(() => second.running.shards.length, { timeout: 40_000 }).toBe(3);
  await second.settle();
  expect(await second.rows()).toEqual(await foldedBehind(second, 3));
  expect(faultsOf(await auditCounters(second))).toEqual([]);
});

test('an audit of a table that starts late still finds what is wrong in it', async () => {
  await using created = await createLog(...before);
  await using opened = await openCounters({ url: created.url, startAt: 'end' });
  await opened.append(counted('a'), counted('z'));
  await opened.settle();
  await opened.session.execute(sql`update counters set total = 3 where id = 'a'`);
  await opened.session.execute(sql`insert into counters values ('b', 2, null, 3)`);
  const [rows] = faultsOf(await auditCounters(opened));
  expect([...(rows?.examples ?? [])].sort()).toEqual([
    'the row "a" differs in total',
    'the row "b" should not be there',
  ]);
});

test.each<[string, ProjectionOptions]>([
  ['one shard', {}],
  ['several', { shards: 3 }],
  ['inline', { mode: 'inline' }],
])(
  'processes that are there first at once, while others write, begin it at one place: %s',
  async (_, options) => {
    for (let round = 0; round < 3; round += 1) {
      await using created = await createLog(...before);
      const database = openDatabase(created.url, { connections: 2 });
      const store = createPostgresEventStore({ database });
      // An inline projection is folded by whoever appends: no writer may be without it.
      let isWriting = options.mode !== 'inline';
      const writing = Promise.all(
        [0, 1].map(async () => {
          while (isWriting) await store.append({ events: [counted('a', 'b')] });
        }),
      );
      const started = { url: created.url, ...options, startAt: 'end' } as const;
      const [one, other] = await Promise.all([openCounters(started), openCounters(started)]);
      await using _one = one;
      await using _other = other;
      await writeConcurrently([one, other], 5);
      isWriting = false;
      await writing;
      await database.close();
      const start = await one.backend.models.start(one.counters);
      expect(start).toBeGreaterThanOrEqual(3);
      await Promise.all([one.settle(), other.settle()]);
      expect(await one.rows()).toEqual(await foldedBehind(one, start));
    }
  },
);

test('an inline projection that begins with an append begins before it', async () => {
  await using created = await createLog(...before);
  const counters = countersProjection({ mode: 'inline', startAt: 'end' });
  const database = openDatabase(created.url, { connections: 1 });
  const store = createPostgresEventStore({ database, inTransaction: createInlineProjector([counters]) });
  await store.append({ events: [counted('a', 'x'), counted('x')] });
  const rows = (await database.session.select().from(counters.table)).sort(byId);
  await database.close();
  expect(rows.map(({ id, total }) => [id, total])).toEqual([
    ['a', 1],
    ['x', 2],
  ]);
});

test('a position that the log has not reached is refused, and nothing begins', async () => {
  await using created = await createLog(...before);
  await expect(openCounters({ url: created.url, startAt: 4 })).rejects.toMatchObject({
    code: 'INVALID_START',
  });
  await using opened = await openCounters({ url: created.url, startAt: 3 });
  expect(await opened.backend.models.start(opened.counters)).toBe(3);
});

test.each([-1, 1.5, Number.NaN])('a projection cannot start at %s', (startAt) => {
  expect(() => countersProjection({ startAt })).toThrow(expect.objectContaining({ code: 'INVALID_START' }));
});
