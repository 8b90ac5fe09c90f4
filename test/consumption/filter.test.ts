import { sql } from 'drizzle-orm';
import { boolean, date, integer, jsonb, numeric, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresReadModels } from '../../src/adapters/postgres/postgres-read-models.ts';
import { key, position } from '../../src/app/read-columns.ts';
import { decimalFields } from '../../src/consumption/decimal-fields.ts';
import { type Filter, passes } from '../../src/consumption/filter.ts';
import { termsOf, valuesIn } from '../../src/consumption/filter-terms.ts';
import { type AnyRow, projection } from '../../src/consumption/projection.ts';
import { TermIndex } from '../../src/consumption/term-index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const samplesTable = pgTable('samples', {
  id: key('id').primaryKey(),
  name: text('name'),
  amount: numeric('amount'),
  count: integer('item_count'),
  at: timestamp('at', { withTimezone: true, precision: 3 }),
  day: date('day'),
  flag: boolean('flag'),
  parts: jsonb('parts').$type<unknown>(),
  position: position(),
});
const samples = projection('samples', samplesTable, {
  lists: { parts: { name: 'text', amount: 'decimal', count: 'number', flag: 'boolean' } },
});

let created: TestDatabase;
let database: Database;
beforeAll(async () => {
  created = await createTestDatabase();
  database = openDatabase(created.url, { connections: 1 });
  // A language whose order is far from code points: case and accents count last.
  await database.session.execute(sql`create table samples (
    id text collate "C" primary key, name text collate "und-x-icu", amount numeric, item_count integer,
    at timestamptz(3), day date, flag boolean, parts jsonb, position bigint not null)`);
});
afterAll(async () => {
  await database.close();
  await created.drop();
});

// Emoji are behind U+FF5A by code point, and before it by JavaScript's own comparison.
const storableText = fc.string({
  unit: fc.constantFrom('a', 'B', 'é', '%', '_', '\\', 'ｚ', '😀'),
  maxLength: 3,
});
const values = {
  id: storableText,
  name: storableText,
  amount: fc.constantFrom('1.5', '1.50', '0', '-0.00', '-1', '10', '9', '007.1', `${'9'.repeat(25)}.0001`),
  count: fc.integer({ min: -2, max: 3 }),
  at: fc.constantFrom(0, 1, 1_291_190_760_000, -86_400_000).map((time) => new Date(time)),
  day: fc.constantFrom('2010-12-01', '2010-12-10', '0999-01-01', '2011-01-01'),
  flag: fc.boolean(),
};

const comparing = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const;
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const operators = <Value>(value: fc.Arbitrary<Value>) => ({
  ...Object.fromEntries(comparing.map((operator) => [operator, maybe(value)])),
  in: maybe(fc.array(value, { maxLength: 3 })),
  isNull: maybe(fc.boolean()),
});
const some = (model: Record<string, fc.Arbitrary<unknown>>) =>
  maybe(
    fc.record(model, { requiredKeys: [] }).map((all) => Object.fromEntries(Object.entries(all).slice(0, 2))),
  );

// Half an emoji is no text that a database can hold, but a client can ask for it.
const askedText = fc.oneof(
  { weight: 9, arbitrary: storableText },
  { weight: 1, arbitrary: fc.constant('\ud83d') },
);
const ofText = some({ ...operators(askedText), contains: maybe(askedText), startsWith: maybe(askedText) });
const item = some({
  name: ofText,
  amount: some(operators(values.amount)),
  count: some(operators(values.count)),
  flag: some({ eq: maybe(values.flag), ne: maybe(values.flag), isNull: maybe(fc.boolean()) }),
});
const items = fc.oneof(
  item,
  fc.record({ and: maybe(fc.array(item.map(Object), { maxLength: 2 })), not: maybe(item) }),
  fc.record({ or: maybe(fc.array(item.map(Object), { maxLength: 2 })) }),
);
const fields = fc.record(
  {
    parts: some({ some: items, every: items, none: items }),
    id: ofText,
    name: ofText,
    amount: some(operators(values.amount)),
    count: some(operators(values.count)),
    at: some(operators(values.at)),
    day: some(operators(values.day)),
    flag: some({ eq: maybe(values.flag), ne: maybe(values.flag), isNull: maybe(fc.boolean()) }),
  },
  { requiredKeys: [] },
);
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fields.map((all): Filter => Object.fromEntries(Object.entries(all).slice(0, 2))),
    fc.record(
      {
        and: maybe(fc.array(tie('filter'), { maxLength: 2 })),
        or: maybe(fc.array(tie('filter'), { maxLength: 3 })),
        not: maybe(tie('filter')),
      },
      { requiredKeys: [] },
    ),
  ),
}));

const part = maybe(
  fc.record(
    {
      name: maybe(values.name),
      amount: maybe(values.amount),
      count: maybe(values.count),
      flag: maybe(values.flag),
    },
    { requiredKeys: [] },
  ),
);
const row = fc.record({
  id: values.id,
  name: maybe(values.name),
  amount: maybe(values.amount),
  count: maybe(values.count),
  at: maybe(values.at),
  day: maybe(values.day),
  flag: maybe(values.flag),
  parts: fc.oneof(
    { weight: 9, arbitrary: maybe(fc.array(part, { maxLength: 3 })) },
    { arbitrary: fc.constant({}), weight: 1 },
  ),
  position: fc.constant(1),
});
const rows = fc.uniqueArray(row, { selector: ({ id }) => id, minLength: 1, maxLength: 12 });

const isDecimal = decimalFields(samples);

async function selectIds(asked: Filter): Promise<readonly unknown[]> {
  const found = await createPostgresReadModels(database).rows(samples, { filter: asked, limit: 100 });
  return found.map(({ id }) => id);
}

test('a filter means the same in memory and in the database', async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.array(filter, { minLength: 1, maxLength: 4 }), async (inserted, filters) => {
      await database.session.execute(sql`truncate samples`);
      await database.session.insert(samplesTable).values(inserted);
      for (const asked of filters) {
        const passed = inserted.filter((one: AnyRow) => passes(asked, one, isDecimal)).map(({ id }) => id);
        expect((await selectIds(asked)).toSorted()).toEqual(passed.toSorted());
      }
    }),
    { numRuns: 300 },
  );
});

test('whatever filter a row passes, the index finds it', () => {
  fc.assert(
    fc.property(rows, fc.array(filter, { minLength: 1, maxLength: 8 }), (found, filters) => {
      const index = new TermIndex<Filter>();
      for (const asked of filters) index.add(asked, termsOf(asked, isDecimal));
      for (const one of found) {
        const candidates = index.find(valuesIn(one, isDecimal));
        expect([...candidates]).toEqual(
          expect.arrayContaining(filters.filter((asked) => passes(asked, one, isDecimal))),
        );
      }
      for (const asked of filters) index.remove(asked, termsOf(asked, isDecimal));
      expect(index.isEmpty).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test.each(['contains', 'startsWith'])('half an emoji is in no text: %s', async (operator) => {
  const emoji = {
    id: '1',
    name: '😀',
    amount: null,
    count: null,
    at: null,
    day: null,
    flag: null,
    parts: null,
    position: 1,
  };
  await database.session.execute(sql`truncate samples`);
  await database.session.insert(samplesTable).values(emoji);
  const asked = { name: { [operator]: '\ud83d' } };
  expect([await selectIds(asked), passes(asked, emoji, isDecimal)]).toEqual([[], false]);
});

test.each([{ name: { eq: '\0' } }, { id: { in: ['\0'] } }, { name: { contains: '\0' } }])(
  'a text that no database can hold is refused: %j',
  async (asked) => {
    await expect(selectIds(asked)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  },
);

test.each([{ weight: { eq: 1 } }, { name: { like: 'a%' } }])(
  'what the table has not is refused: %j',
  async (asked) => {
    await expect(selectIds(asked)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  },
);
