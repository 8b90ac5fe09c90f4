import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { shop } from '../../src/app/shop.ts';
import { buildBackendSchema } from '../../src/graphql/build-schema.ts';

test('what the guide to the past asks for is in the schema', async () => {
  const guide = await readFile(join(import.meta.dirname, '../../docs/guides/time-travel.md'), 'utf8');
  const operations = [...guide.matchAll(/```graphql\n(.*?)```/gs)].map(([, text = '']) => text);
  expect(operations).toHaveLength(4);
  const schema = buildBackendSchema(shop);
  for (const operation of operations) expect(validate(schema, parse(operation))).toEqual([]);
});
