import { type SQL, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
let database: Database;
beforeAll(async () => {
  opened = await openTestStore();
  database = openDatabase(opened.url, { connections: 1 });
});
afterAll(async () => {
  await database.close();
  await opened[Symbol.asyncDispose]();
});

async function selected(expression: SQL): Promise<unknown> {
  const [row] = await database.session.execute(sql`select ${expression} as value`);
  return row?.value;
}

test.each([
  [sql`array[]::text[]`, []],
  [sql`array['a', 'b c', null]`, ['a', 'b c', null]],
  [sql`array['', 'NULL', '{a,"b"}', 'c\\d', E'e\\nf']`, ['', 'NULL', '{a,"b"}', 'c\\d', 'e\nf']],
  [
    sql`array[['a', '{'], ['"', 'd']]`,
    [
      ['a', '{'],
      ['"', 'd'],
    ],
  ],
  [sql`array[true, false, null]`, [true, false, null]],
  [
    sql`array[[1, 2], [3, 4]]::int[]`,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [sql`array[9007199254740991, 1]::bigint[]`, [9_007_199_254_740_991, 1]],
  [sql`array[0.5, 'infinity']::float8[]`, [0.5, Number.POSITIVE_INFINITY]],
  [sql`array['{"a": [1]}', '2']::jsonb[]`, [{ a: [1] }, 2]],
  [sql`array['\\x00ff']::bytea[]`, [Buffer.from([0, 255])]],
])('the array of query %# is read whole', async (expression, expected) => {
  expect(await selected(expression)).toEqual(expected);
});

test.each([[['a', 'b,c', 'd"e', 'f\\g', '']], [[]]])(
  'an array that is sent comes back: %j',
  async (array) => {
    expect(await selected(sql`${sql.param(array)}::text[]`)).toEqual(array);
  },
);
