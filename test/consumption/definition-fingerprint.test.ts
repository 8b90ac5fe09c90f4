import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { key, position } from '../../src/app/read-columns.ts';
import { definitionFingerprint } from '../../src/consumption/definition-fingerprint.ts';
import { projection } from '../../src/consumption/projection.ts';
import { event } from '../../src/domain/event.ts';

const Came = event('Came', z.object({ id: z.string(), other: z.string() }));
const Went = event('Went', z.object({ id: z.string() }));

const columns = { id: key('id').primaryKey(), total: integer('total').notNull(), position: position() };
const table = pgTable('visits', columns);
const one = () => projection('visits', table).on(Came, 'id', (_, __, id) => ({ id, total: 1 }));
const other = pgTable('visits', { ...columns, label: text('label') });

test('a definition has the same fingerprint whenever it is written, whatever its name', () => {
  const again = projection('other name', table).on(Came, 'id', (_, __, id) => ({ id, total: 1 }));
  expect(again.fingerprint).toBe(one().fingerprint);
});

test('neither spaces count, which tools leave where types were, nor the order of handlers', () => {
  const parts = (...handlers: readonly [string, string][]) => ({
    ...{ version: undefined, tags: [], tables: [table] },
    handlers: new Map(handlers.map(([type, source]) => [type, [source]])),
  });
  expect(definitionFingerprint(parts(['Came', '(row  ) =>\n row'], ['Went', 'null']))).toBe(
    definitionFingerprint(parts(['Went', 'null'], ['Came', '(row) => row'])),
  );
});

test.for([
  ['a fold', projection('visits', table).on(Came, 'id', (_, __, id) => ({ id, total: 2 }))],
  ['its keys', projection('visits', table).on(Came, 'other', (_, __, id) => ({ id, total: 1 }))],
  [
    'its tags',
    projection('visits', table, { tags: ['a'] }).on(Came, 'id', (_, __, id) => ({ id, total: 1 })),
  ],
  ['an event type', one().on(Went, 'id', () => null)],
  ['a column', projection('visits', other).on(Came, 'id', (_, __, id) => ({ id, total: 1, label: null }))],
  [
    'its version',
    projection('visits', table, { version: 1 }).on(Came, 'id', (_, __, id) => ({ id, total: 1 })),
  ],
] as const)('another one for %s that is another', ([_, changed]) => {
  expect(changed.fingerprint).not.toBe(one().fingerprint);
});

test('SQL handlers and their further tables are of the definition', () => {
  const items = pgTable('items', { id: text('id').primaryKey() });
  const wide = pgTable('items', { id: text('id').primaryKey(), total: integer('total') });
  const bySql = (further: typeof items | typeof wide) =>
    projection('visits', table, { tables: { items: further } }).sql(
      Came,
      'id',
      async (_, __, { key: id }) => ({
        removed: [id],
      }),
    );
  const silent = projection('visits', table, { tables: { items } }).sql(Came, 'id', async () => undefined);
  expect(bySql(items).fingerprint).toBe(bySql(items).fingerprint);
  expect(bySql(wide).fingerprint).not.toBe(bySql(items).fingerprint);
  expect(silent.fingerprint).not.toBe(bySql(items).fingerprint);
});

test.for(['a#1', 'a@next', 'process:a', ''])('"%s" is no name for a projection', (name) => {
  expect(() => projection(name, table)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
});
