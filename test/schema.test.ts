import { lexicographicSortSchema, printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { shop } from '../src/app/shop.ts';
import { buildBackendSchema } from '../src/graphql/build-schema.ts';

test('the schema that clients see is the one they saw before', async () => {
  const schema = printSchema(lexicographicSortSchema(buildBackendSchema(shop)));
  await expect(`${schema}\n`).toMatchFileSnapshot('./schema.snap');
});
