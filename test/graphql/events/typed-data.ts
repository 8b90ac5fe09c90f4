import fc, { type Arbitrary } from 'fast-check';
import { z } from 'zod';

/** A schema and something that fits it. */
export type TypedData = { readonly schema: z.ZodType; readonly data: unknown };

const leaf: Arbitrary<TypedData> = fc.oneof(
  fc.string().map((data) => ({ schema: z.string(), data })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((data) => ({ schema: z.number(), data: data + 0 })),
  fc.maxSafeInteger().map((data) => ({ schema: z.int(), data })),
  fc.integer().map((data) => ({ schema: z.int32(), data })),
  fc.boolean().map((data) => ({ schema: z.boolean(), data })),
  fc.constantFrom('NEW', 'OLD').map((data) => ({ schema: z.enum(['NEW', 'OLD']), data })),
  fc.constantFrom('in-transit', 'true').map((data) => ({ schema: z.enum(['in-transit', 'true']), data })),
  fc.constantFrom(1, 2.5).map((data) => ({ schema: z.literal([1, 2.5]), data })),
  fc.date({ noInvalidDate: true }).map((data) => ({ schema: z.date(), data })),
  fc.record({ a: fc.integer() }).map((data) => ({ schema: z.record(z.string(), z.number()), data })),
  fc.string().map((data) => ({ schema: z.union([z.string(), z.number()]), data })),
  fc.tuple(fc.string(), fc.boolean()).map((data) => ({ schema: z.tuple([z.string(), z.boolean()]), data })),
  fc.jsonValue().map((data) => ({ schema: z.unknown(), data: JSON.parse(JSON.stringify(data)) })),
);

/** Schemas in schemas, with data. Names are such as GraphQL can have: what becomes of others is tested by itself. */
export const typedData: Arbitrary<TypedData> = fc.letrec<{ node: TypedData }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    tie('node').map(({ schema, data }) => ({ schema: schema.nullable(), data })),
    tie('node').map(({ schema }) => ({ schema: schema.nullable(), data: null })),
    tie('node').map(({ schema, data }) => ({ schema: z.array(schema), data: [data, data] })),
    tie('node').map(({ schema }) => ({ schema: z.array(schema), data: [] })),
    fc
      .dictionary(fc.constantFrom('a', 'b', 'toString', 'constructor', 'type', 'data'), tie('node'), {
        minKeys: 1,
      })
      .map((members) => ({
        schema: z.object(
          Object.fromEntries(Object.entries(members).map(([name, { schema }]) => [name, schema])),
        ),
        data: Object.fromEntries(Object.entries(members).map(([name, { data }]) => [name, data])),
      })),
  ),
})).node;
