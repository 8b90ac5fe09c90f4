import fc, { type Arbitrary } from 'fast-check';

/** Random data that fits a JSON schema, of the keywords that the shop's have. */
export function dataOfSchema(schema: unknown): Arbitrary<unknown> {
  const { type, anyOf, properties, items, pattern, format, minItems, maximum, ...rest } = keywordsOf(schema);
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map(dataOfSchema));
  if (Array.isArray(type))
    return fc.oneof(...type.map((one) => dataOfSchema({ ...keywordsOf(schema), type: one })));
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: Number(rest.minimum), max: Math.min(Number(maximum), 2 ** 31 - 1) });
    case 'array':
      return fc.array(dataOfSchema(items), { minLength: Number(minItems ?? 0), maxLength: 4 });
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries(keywordsOf(properties)).map(([name, one]) => [name, dataOfSchema(one)]),
        ),
      );
    case 'string':
      return text({ pattern, format, least: Number(rest.minLength ?? 0) });
    default:
      throw new Error(`There is no random data for ${JSON.stringify(schema)}.`);
  }
}

function text({
  pattern,
  format,
  least,
}: {
  pattern: unknown;
  format: unknown;
  least: number;
}): Arbitrary<string> {
  if (format === 'date')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((day) => day.toISOString().slice(0, 10));
  if (format === 'decimal')
    return fc.tuple(fc.nat(), fc.nat({ max: 999 })).map(([whole, part]) => `${whole}.${part}1`.slice(0, 14));
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern));
  return fc.string({ minLength: least, maxLength: 20 });
}

function keywordsOf(schema: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(Object(schema)));
}
