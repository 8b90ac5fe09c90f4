import { sql } from 'drizzle-orm';
import { bigint, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { PostgresJsSession } from 'drizzle-orm/postgres-js';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresReadModels } from '../../../src/adapters/postgres/postgres-read-models.ts';
import { projection } from '../../../src/consumption/projection.ts';
import type { ReadModels } from '../../../src/consumption/read-models.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from './until.ts';

const table = pgTable('things', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  size: integer(),
  position: bigint({ mode: 'number' }).notNull(),
});
const things = projection('things', table);
const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

let created: TestDatabase;
let database: Database;
let models: ReadModels;
beforeAll(async () => {
  created = await createTestDatabase();
  database = openDatabase(created.url, { connections: 4 });
  models = createPostgresReadModels(database);
  await database.session.execute(
    sql`create table things (id uuid primary key, name text not null, size int, position bigint not null)`,
  );
  await database.session.execute(sql`
    insert into things select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'thing ' || n, nullif(n, 3), 0
    from generate_series(1, 300) as n`);
  // Whatever a first use takes is over.
  await models.find(things, [idOf(1)]);
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await database.close();
  await created.drop();
});

const counted = () => vi.spyOn(PostgresJsSession.prototype, 'prepareQuery');
const idsOf = (rows: readonly { readonly id: unknown }[]) => rows.map(({ id }) => id);

test('rows that are looked up in one turn come in one statement, to each who asked its own', async () => {
  const statements = counted();
  const found = await Promise.all([
    models.find(things, [idOf(1)]),
    models.find(things, [idOf(2), idOf(999), idOf(1)]),
    models.find(things, []),
    models.find(things, [idOf(999)]),
  ]);
  expect(found.map(idsOf)).toEqual([[idOf(1)], [idOf(2), idOf(1)], [], []]);
  expect(statements).toHaveBeenCalledTimes(1);
  expect(found[0]).toEqual([{ id: idOf(1), name: 'thing 1', size: 1, position: 0 }]);
  await models.find(things, [idOf(1)]);
  expect(statements).toHaveBeenCalledTimes(2);
});

test('a key that cannot be one fails alone', async () => {
  const asked = [
    models.find(things, [idOf(1)]),
    models.find(things, ['no uuid']),
    models.find(things, [idOf(2)]),
  ];
  const [first, second, third] = await Promise.allSettled(asked);
  expect(first).toMatchObject({ status: 'fulfilled', value: [{ name: 'thing 1' }] });
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'BAD_USER_INPUT' } });
  expect(third).toMatchObject({ status: 'fulfilled', value: [{ name: 'thing 2' }] });
});

test('a key in another spelling finds its row', async () => {
  const upper = 'ABCDEF00-0000-4000-8000-000000000000';
  await database.session.execute(sql`insert into things values (${upper}, 'upper', 0, 0)`);
  const found = await Promise.all([models.find(things, [upper]), models.find(things, [upper.toLowerCase()])]);
  expect(found).toMatchObject([[{ name: 'upper' }], [{ name: 'upper' }]]);
});

test('who looks up very many rows does so alone', async () => {
  const statements = counted();
  const all = Array.from({ length: 300 }, (_, n) => idOf(n + 1));
  const [many, one] = await Promise.all([models.find(things, all), models.find(things, [idOf(7)])]);
  expect(idsOf(many).toSorted()).toEqual(all);
  expect(idsOf(one)).toEqual([idOf(7)]);
  expect(statements).toHaveBeenCalledTimes(2);
});

test('equal pages of one turn are read once, others for themselves', async () => {
  const statements = counted();
  const page = { orderBy: { field: 'size', descending: true }, limit: 3 };
  const pages = await Promise.all([
    models.rows(things, page),
    models.rows(things, { ...page, signal: new AbortController().signal }),
    models.rows(things, { ...page, limit: 2 }),
    models.rows(things, { ...page, filter: { size: { isNull: true } } }),
    models.rows(things, { ...page, filter: { size: { eq: 3 } } }),
    models.snapshot(things, { limit: 1 }),
    models.snapshot(things, { limit: 1 }),
  ]);
  expect(statements).toHaveBeenCalledTimes(5);
  // Nulls are the largest.
  const largest = [idOf(3), idOf(300), idOf(299)];
  expect(pages.slice(0, 5).map((rows) => idsOf(rows as never))).toEqual([
    largest,
    largest,
    largest.slice(0, 2),
    [idOf(3)],
    [],
  ]);
  expect(pages[5]).toEqual(pages[6]);
  expect(pages[5]).toMatchObject({ rows: [{ id: idOf(1) }] });
});

test('who asks behind a write sees it, though others read at that moment', async () => {
  const names = async (): Promise<unknown> => {
    const [row] = await models.rows(things, { limit: 1, filter: { id: { eq: idOf(5) } } });
    return row?.name;
  };
  for (let n = 1; n <= 50; n += 1) {
    const before = [names(), names()];
    await database.session.execute(sql`update things set name = ${`name ${n}`} where id = ${idOf(5)}`);
    expect(await names()).toBe(`name ${n}`);
    await Promise.all(before);
  }
});

test.each([
  { what: 'a look-up', read: (signal: AbortSignal) => models.find(things, [idOf(1)], signal) },
  { what: 'a page', read: (signal: AbortSignal) => models.rows(things, { limit: 1, signal }) },
])('$what ends at the server when all have left who asked for it, and not before', async ({ read }) => {
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = async (): Promise<number> => {
    const [row] = await database.session.execute<{ count: number }>(
      sql`select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return row?.count ?? 0;
  };
  await database.session.transaction(async (transaction) => {
    await transaction.execute(sql`lock table things`);
    const asked = [read(one.signal), read(other.signal)];
    const ended = Promise.allSettled(asked);
    await until(async () => (await waiting()) === 1);
    one.abort();
    // As long as a cancellation would take.
    await transaction.execute(sql`select pg_sleep(0.3)`);
    expect(await waiting()).toBe(1);
    other.abort();
    await until(async () => (await waiting()) === 0);
    expect(await ended).toMatchObject([{ reason: { code: 'ABORTED' } }, { reason: { code: 'ABORTED' } }]);
  });
});
