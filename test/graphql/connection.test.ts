import { sql } from 'drizzle-orm';
import { integer, numeric, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresReadModels } from '../../src/adapters/postgres/postgres-read-models.ts';
import { key, position } from '../../src/app/read-columns.ts';
import { projection } from '../../src/consumption/projection.ts';
import type { OrderBy, ReadModels, RowQuery } from '../../src/consumption/read-models.ts';
import { selectRows } from '../../src/consumption/select-rows.ts';
import { type ConnectionArguments, readConnection } from '../../src/graphql/connection.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const itemsTable = pgTable('items', {
  id: key('id').primaryKey(),
  name: text('name').notNull(),
  price: numeric('price').notNull(),
  stock: integer('stock'),
  addedAt: timestamp('added_at', { withTimezone: true, precision: 3 }).notNull(),
  soldAt: timestamp('sold_at', { withTimezone: true, precision: 3 }),
  position: position(),
});
const items = projection('items', itemsTable);

let created: TestDatabase;
let database: Database;
beforeAll(async () => {
  created = await createTestDatabase();
  database = openDatabase(created.url, { connections: 1 });
  await database.session.execute(sql`create table items (id text collate "C" primary key, name text not null, price numeric not null,
    stock integer, added_at timestamptz(3) not null, sold_at timestamptz(3), position bigint not null)`);
});
afterAll(async () => {
  await database.close();
  await created.drop();
});

const few = <Value>(...values: readonly Value[]) => fc.constantFrom(...values);
const time = few(0, 1, 1_700_000_000_000).map((milliseconds) => new Date(milliseconds));
const item = fc.record({
  id: fc.string({ unit: few('a', 'B', 'é', '"', '😀'), minLength: 1, maxLength: 3 }),
  name: few('Tea', 'tea', 'Té', '', '😀'),
  price: few('1.5', '1.50', '10', '9'),
  stock: few(null, -1, 0, 7),
  addedAt: time,
  soldAt: fc.option(time, { nil: null }),
  position: fc.constant(1),
});
const rows = fc.uniqueArray(item, { selector: ({ id }) => id, minLength: 1, maxLength: 20 });
const orderBy: fc.Arbitrary<OrderBy | undefined> = fc.option(
  fc.record({ field: few('id', 'name', 'price', 'stock', 'addedAt', 'soldAt'), descending: fc.boolean() }),
  { nil: undefined },
);

const read = (args: ConnectionArguments) => readConnection(createPostgresReadModels(database), items, args);

/** All pages from one end to the other, as a client asks for them. */
async function walk(
  args: ConnectionArguments,
  size: number,
  isBackwards: boolean,
): Promise<readonly string[]> {
  const pages: string[][] = [];
  let cursor: string | null = null;
  for (;;) {
    const page = await read({
      ...args,
      ...(isBackwards ? { last: size, before: cursor } : { first: size, after: cursor }),
    });
    const ids = page.nodes.map(({ id }) => id);
    if (isBackwards) pages.unshift(ids);
    else pages.push(ids);
    const { startCursor, endCursor, hasNextPage, hasPreviousPage } = page.pageInfo;
    expect(isBackwards ? hasNextPage : hasPreviousPage).toBe(cursor !== null);
    if (!(isBackwards ? hasPreviousPage : hasNextPage)) return pages.flat();
    expect(ids).toHaveLength(size);
    cursor = isBackwards ? startCursor : endCursor;
  }
}

test('pages forwards and backwards, in every order, put together are the whole list', async () => {
  await fc.assert(
    fc.asyncProperty(rows, orderBy, fc.integer({ min: 1, max: 6 }), async (inserted, order, size) => {
      await database.session.execute(sql`truncate items`);
      await database.session.insert(itemsTable).values(inserted);
      const whole = (await read({ orderBy: order, first: 500 })).nodes.map(({ id }) => id);
      expect(whole).toHaveLength(inserted.length);
      expect(await walk({ orderBy: order }, size, false)).toEqual(whole);
      expect(await walk({ orderBy: order }, size, true)).toEqual(whole);
    }),
    { numRuns: 100 },
  );
});

test('rows in memory give the pages that the table gives, with the same cursors', async () => {
  await fc.assert(
    fc.asyncProperty(
      rows,
      orderBy,
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      async (inserted, order, size, isBackwards) => {
        await database.session.execute(sql`truncate items`);
        await database.session.insert(itemsTable).values(inserted);
        const inMemory = {
          rows: async (_: unknown, query: RowQuery) => selectRows(items, inserted, query),
        } as Pick<ReadModels, 'rows'>;
        const filter = { name: { ne: 'tea' } };
        const page = isBackwards ? { last: size } : { first: size };
        let at = {};
        for (let count = 0; count < 30; count += 1) {
          const args = { ...page, ...at, filter, orderBy: order };
          const expected = await read(args);
          const { nodes, pageInfo } = await readConnection(inMemory, items, args);
          expect(nodes.map(({ id }) => id)).toEqual(expected.nodes.map(({ id }) => id));
          expect(pageInfo).toEqual(expected.pageInfo);
          const { startCursor, endCursor, hasNextPage, hasPreviousPage } = pageInfo;
          if (!(isBackwards ? hasPreviousPage : hasNextPage)) return;
          at = isBackwards ? { before: startCursor } : { after: endCursor };
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a page between two cursors is what lies between them', async () => {
  await database.session.execute(sql`truncate items`);
  await database.session.insert(itemsTable).values(
    ['a', 'b', 'c', 'd', 'e'].map((id, index) => ({
      id,
      name: 'Tea',
      price: `${5 - index}`,
      stock: null,
      addedAt: new Date(0),
      soldAt: null,
      position: 1,
    })),
  );
  const order = { field: 'price', descending: true };
  const { edges } = await read({ orderBy: order });
  const [after, before] = [edges[0]?.cursor, edges[4]?.cursor];
  expect((await read({ orderBy: order, after, before })).nodes.map(({ id }) => id)).toEqual(['b', 'c', 'd']);
  expect((await read({ orderBy: order, after, before, last: 2 })).nodes.map(({ id }) => id)).toEqual([
    'c',
    'd',
  ]);
  expect(await read({ first: 0 })).toMatchObject({
    edges: [],
    pageInfo: { hasNextPage: true, startCursor: null },
  });
});

const cursor = (...parts: readonly unknown[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

test.each([
  [
    'a cursor of another field',
    { orderBy: { field: 'name', descending: false }, after: cursor('price asc', '1', 'a') },
  ],
  [
    'a cursor of the other direction',
    { orderBy: { field: 'price', descending: true }, before: cursor('price asc', '1', 'a') },
  ],
  [
    'a cursor of no order in one',
    { orderBy: { field: 'price', descending: true }, after: cursor('', null, 'a') },
  ],
  [
    'a cursor with a value that is none',
    { orderBy: { field: 'price', descending: false }, after: cursor('price asc', 'cheap', 'a') },
  ],
  [
    'a cursor with a time that is none',
    { orderBy: { field: 'addedAt', descending: false }, after: cursor('addedAt asc', 'soon', 'a') },
  ],
  [
    'a cursor with a number that is none',
    { orderBy: { field: 'stock', descending: false }, before: cursor('stock asc', 'many', 'a') },
  ],
  ['a cursor without a key', { after: cursor('', null) }],
  ['a text that is no cursor', { after: 'x' }],
  ['both directions at once', { first: 1, last: 1 }],
  ['a negative size', { first: -1 }],
  ['more than there may be', { last: 501 }],
])('%s is refused', async (_, args) => {
  await expect(read(args)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  const row = { ...{ id: 'a', name: '', price: '1', stock: 1 }, addedAt: new Date(0), soldAt: null };
  const inMemory = {
    rows: async (_: unknown, query: RowQuery) => selectRows(items, [row], query),
  } as Pick<ReadModels, 'rows'>;
  await expect(readConnection(inMemory, items, args)).rejects.toMatchObject({
    code: expect.stringMatching(/BAD_USER_INPUT|INVALID_DECIMAL/),
  });
});
