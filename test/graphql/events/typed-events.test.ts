import fc from 'fast-check';
import { printSchema, printType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { shop } from '../../../src/app/shop.ts';
import { type AnyEventDefinition, event } from '../../../src/domain/event.ts';
import { jsonSchemaOf } from '../../../src/domain/json-schema.ts';
import { dataOfSchema } from './data-of-schema.ts';
import { readTyped, schemaOf, storedEvent, withoutTypes } from './read-typed.ts';
import { typedData } from './typed-data.ts';

/** The field `it` of an event with this schema for it, as the SDL writes its type. */
function typeFor(it: z.ZodType): string | undefined {
  const sdl = printSchema(schemaOf([event('Happened', z.object({ it }))]));
  return /type Happened \{.*?\bit: (.*?)\n/s.exec(sdl)?.[1];
}

const Node = z.object({
  name: z.string(),
  get next() {
    return Node.nullable();
  },
});

describe('the type of a field', () => {
  test.each<readonly [string, z.ZodType, string]>([
    ['a text', z.string(), 'String!'],
    ['a text of a pattern, trimmed', z.string().regex(/^a/).trim(), 'String!'],
    ['a decimal', z.string().meta({ format: 'decimal' }), 'Decimal!'],
    ['a day', z.iso.date(), 'Date!'],
    ['an instant as text', z.iso.datetime(), 'DateTime!'],
    ['a Date', z.date(), 'DateTime!'],
    ['a whole number of 32 bits', z.int32(), 'Int!'],
    ['a whole number between bounds', z.int().min(0).max(100), 'Int!'],
    ['a whole number of 53 bits', z.int(), 'Float!'],
    ['a number', z.number(), 'Float!'],
    ['a truth', z.boolean(), 'Boolean!'],
    ['one of some texts', z.enum(['NEW', 'old_1']), 'HappenedIt!'],
    ['one of some texts that are no names', z.enum(['in-transit', 'true']), 'String!'],
    ['one text, or another', z.union([z.literal('a'), z.literal('b')]), 'HappenedIt!'],
    ['one number', z.literal(7), 'Float!'],
    ['what may be null', z.string().nullable(), 'String'],
    ['what may be missing', z.int32().optional(), 'Int'],
    ['what has a default', z.boolean().default(true), 'Boolean'],
    ['a list', z.array(z.string()), '[String!]!'],
    ['a list with nulls in it', z.array(z.string().nullable()).nullable(), '[String]'],
    ['a list of lists of objects', z.array(z.array(z.object({ a: z.string() }))), '[[HappenedIt!]!]!'],
    ['an object', z.object({ a: z.string() }), 'HappenedIt!'],
    ['an object that holds itself', Node, 'HappenedIt!'],
    ['an object without members', z.object({}), 'JSON!'],
    ['a record', z.record(z.string(), z.number()), 'JSON!'],
    ['a tuple', z.tuple([z.string(), z.number()]), 'JSON!'],
    ['one of two kinds', z.union([z.string(), z.number()]), 'JSON'],
    ['both of two', z.intersection(z.array(z.string()), z.array(z.unknown())), 'JSON'],
    ['what JSON lacks', z.bigint(), 'JSON'],
    ['anything', z.unknown(), 'JSON'],
  ])('of %s', (_, schema, type) => expect(typeFor(schema)).toBe(type));

  test('is nullable where the data is about a person', () => {
    const Told = event('Told', z.object({ who: z.string(), text: z.string() }), {
      personal: { subject: ({ who }) => who, erased: { text: 'gone' } },
    });
    const type = schemaOf([Told]).getType('Told');
    expect(type && printType(type)).toMatch(/About a person.*text: String\n/s);
    expect(type && printType(type)).toContain('who: String!');
  });
});

describe('names', () => {
  test('that GraphQL cannot have become such that it can, and never two the same', async () => {
    const data = { 'in-stock': 1, in_stock: 2, __typename: 'x', '9': 'nine', '': 'empty', toString: 'own' };
    const schema = z.object({
      ...{ 'in-stock': z.int32(), in_stock: z.int32(), __typename: z.string(), '9': z.string() },
      ...{ '': z.string(), toString: z.string() },
    });
    const events = [event('order.placed', schema), event('order_placed', z.object({ a: z.string() }))];
    const built = schemaOf(
      events,
      'type order_placedEvent { a: Int } extend type Query { e: order_placedEvent }',
    );
    const [dotted, plain] = await readTyped(built, [
      storedEvent('order.placed', data),
      storedEvent('order_placed', { a: 'b' }),
    ]);
    expect(dotted).toEqual({
      ...{ __typename: 'order_placed', in_stock: 1, in_stock_2: 2 },
      ...{ _typename: 'x', _9: 'nine', _: 'empty' },
      ...{ toString: 'own' },
    });
    expect(plain).toEqual({ __typename: 'order_placedEvent_2', a: 'b' });
  });

  test('of the application stay its own', () => {
    const Placed = event('OrderPlaced', z.object({ lines: z.array(z.object({ sku: z.string() })) }));
    const sdl =
      'type OrderPlaced { a: Int } type OrderPlacedEventLines { a: Int } extend type Query { a: OrderPlaced, b: OrderPlacedEventLines }';
    const printed = printSchema(schemaOf([Placed], sdl));
    expect(printed).toContain('type OrderPlaced {\n  a: Int\n}');
    expect(printed).toContain('lines: [OrderPlacedEventLines_2!]!');
  });

  test('do not hang on the order of the definitions', () => {
    const events = ['b.a', 'b_a', 'a'].map((type) => event(type, z.object({ a: z.string() })));
    const typesOf = (definitions: readonly AnyEventDefinition[]) =>
      printSchema(schemaOf(definitions))
        .match(/What the event `.*?` says\."""\ntype \w+/g)
        ?.toSorted();
    expect(typesOf(events.toReversed())).toEqual(typesOf(events));
  });
});

test('a schema that changes changes the SDL', () => {
  const before = z.object({ id: z.string(), lines: z.array(z.object({ sku: z.string() })) });
  const printed = (schema: z.ZodType) => printSchema(schemaOf([event('Placed', schema)]));
  const changed = [
    before.extend({ note: z.string().optional() }),
    before.omit({ id: true }),
    before.partial(),
    before.extend({ id: z.string().nullable() }),
    before.extend({ id: z.int32() }),
    before.extend({ lines: z.array(z.object({ sku: z.int32() })) }),
    before.extend({ id: z.string().describe('Which.') }),
  ];
  expect(new Set([before, ...changed].map(printed)).size).toBe(changed.length + 1);
});

describe('an event', () => {
  const Renamed = event('Renamed', z.object({ name: z.string() }), {
    schemaVersion: 3,
    upcast: {
      1: ({ text }) => {
        if (text === undefined) throw new Error('no text');
        return { title: text };
      },
      2: ({ title }) => ({ name: title }),
    },
  });
  const typed = async (...args: Parameters<typeof storedEvent>) =>
    (await readTyped(schemaOf([Renamed]), [storedEvent(...args)]))[0];

  test('of an older version is shown as it is known today', async () => {
    expect(await typed('Renamed', { text: 'a' })).toEqual({ __typename: 'Renamed', name: 'a' });
    expect(await typed('Renamed', { title: 'b' }, { schemaVersion: 2 })).toMatchObject({ name: 'b' });
  });

  test.each([
    ['of a type that is not known', 'Foreign', { n: 5n, at: new Date(0) }, 1, 'UNKNOWN_TYPE'],
    ['of a newer program', 'Renamed', { name: 'a', more: 1 }, 4, 'NEWER_VERSION'],
    ['whose upcaster fails', 'Renamed', {}, 1, 'NOT_UPCAST'],
    ['that does not fit its schema', 'Renamed', { name: 7 }, 3, 'INVALID'],
  ])('%s is shown as it is, with the reason', async (_, type, data, schemaVersion, reason) => {
    const event = await typed(type, data, { schemaVersion });
    expect(event).toMatchObject({
      __typename: 'UnknownEvent',
      ...{ type: type, schemaVersion: schemaVersion, reason: reason },
    });
    const shown = 'n' in data ? { n: { $bigint: '5' }, at: { $date: '1970-01-01T00:00:00.000Z' } } : data;
    expect(event.data).toEqual(shown);
  });

  test('whose data is no object, or an empty one, shows it as `data`', async () => {
    const events = [
      ...[event('Listed', z.array(z.string())), event('Emptied', z.object({}))],
      event('Silent', { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }),
    ];
    const shown = await readTyped(schemaOf(events), [
      ...[storedEvent('Listed', ['a']), storedEvent('Emptied', {}), storedEvent('Silent', { any: 1 })],
    ]);
    expect(shown).toEqual([
      { __typename: 'Listed', data: ['a'] },
      { __typename: 'Emptied', data: {} },
      { __typename: 'Silent', data: { any: 1 } },
    ]);
  });

  test('tells null for what was erased, and only for that', async () => {
    const Told = event('Told', z.object({ who: z.string(), text: z.string(), to: z.string() }), {
      personal: [
        { subject: ({ who }) => who, erased: { text: 'gone' } },
        { subject: ({ to }) => to, erased: { to: '' } },
      ],
    });
    const [known, half, gone, plain] = await readTyped(schemaOf([Told]), [
      storedEvent(
        'Told',
        { who: 'a', text: 'gone', to: 'b' },
        {
          personal: [
            { subject: 'a', erased: { text: 'gone' } },
            { subject: 'b', erased: { to: '' } },
          ],
        },
      ),
      storedEvent(
        'Told',
        { who: 'a', text: 'gone', to: 'b' },
        { personal: [{ subject: 'b', erased: { to: '' } }] },
      ),
      storedEvent('Told', { who: 'a', text: 'gone', to: '' }),
      // Stored before its fields were marked as personal: nothing of it can be erased.
      storedEvent('Told', { who: 'a', text: 'hello', to: 'b' }),
    ]);
    expect(known).toMatchObject({ text: 'gone', to: 'b' });
    expect(half).toMatchObject({ text: null, to: 'b' });
    expect(gone).toMatchObject({ who: 'a', text: null, to: null });
    expect(plain).toMatchObject({ text: 'hello', to: 'b' });
  });
});

describe('whatever fits a schema fits the type made of it', () => {
  test('for each event of the shop', async () => {
    const schema = schemaOf(shop.events);
    for (const { type, schema: standard, erased } of shop.events) {
      // Nobody was forgotten.
      const personal = [{ subject: 'user:1', erased }];
      const described = jsonSchemaOf(standard);
      await fc.assert(
        fc.asyncProperty(dataOfSchema(described), async (data) => {
          const [event] = await readTyped(schema, [storedEvent(type, data, { personal })]);
          const { __typename, ...fields } = event;
          expect(__typename).toBe(type);
          expect(fields).toEqual(data);
        }),
        { numRuns: 20 },
      );
    }
  });

  test('for schemas of any shape', async () => {
    await fc.assert(
      fc.asyncProperty(typedData, async ({ schema, data }) => {
        const Happened = event('Happened', z.object({ it: schema }));
        const [shown] = await readTyped(schemaOf([Happened]), [storedEvent('Happened', { it: data })]);
        expect(withoutTypes(shown)).toEqual({ it: JSON.parse(JSON.stringify(data ?? null)) });
      }),
      { numRuns: 300 },
    );
  });
});
