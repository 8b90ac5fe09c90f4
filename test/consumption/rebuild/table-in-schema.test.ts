import { eq, is, type SQL, sql } from 'drizzle-orm';
import {
  getTableConfig,
  integer,
  PgColumn,
  PgDialect,
  PgTable,
  pgSchema,
  pgTable,
  text,
} from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/pg-proxy';
import { expect, test } from 'vitest';
import { tableInSchema } from '../../../src/consumption/rebuild/table-in-schema.ts';

const columns = { id: text('id').primaryKey(), total: integer('grand_total').notNull() };
const plain = pgTable('sums', columns);
const twin = tableInSchema(plain, 'next');
const session = drizzle(async () => ({ rows: [] }));
const written = (query: SQL): string => new PgDialect().sqlToQuery(query).sql;

test("a table's twin is the same table in another schema, for each way to name it", () => {
  expect(written(sql`${twin}`)).toBe('"next"."sums"');
  expect(written(sql`${twin.total}`)).toBe('"next"."sums"."grand_total"');
  expect(session.select().from(twin).where(eq(twin.id, 'a')).toSQL().sql).toBe(
    'select "id", "grand_total" from "next"."sums" where "next"."sums"."id" = $1',
  );
  expect(session.insert(twin).values({ id: 'a', total: 1 }).toSQL().sql).toBe(
    'insert into "next"."sums" ("id", "grand_total") values ($1, $2)',
  );
  expect(session.update(twin).set({ total: 2 }).toSQL().sql).toBe(
    'update "next"."sums" set "grand_total" = $1',
  );
  expect(session.delete(twin).toSQL().sql).toBe('delete from "next"."sums"');
});

test('it is a table with columns of its own, and the table stays what it was', () => {
  expect(is(twin, PgTable) && is(twin.id, PgColumn)).toBe(true);
  expect(getTableConfig(twin)).toMatchObject({ schema: 'next', name: 'sums' });
  expect(twin.id.table).toBe(twin);
  expect(getTableConfig(twin).columns.map(({ table }) => table)).toEqual([twin, twin]);
  expect(plain.id.table).toBe(plain);
  expect(written(sql`${plain} ${plain.total}`)).toBe('"sums" "sums"."grand_total"');
});

test('a table that has a schema leaves it', () => {
  const elsewhere = pgSchema('reports').table('sums', columns);
  expect(written(sql`${tableInSchema(elsewhere, 'next')}`)).toBe('"next"."sums"');
});
