/**
 * Compares the schema that the shop's clients see with that of the last release, and fails over what would break one of them:
 * `node scripts/schema-changes.ts`. With `--release` today's schema becomes the one to compare with.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { shop } from '../src/app/shop.ts';
import { buildBackendSchema } from '../src/graphql/build-schema.ts';

const released = join(import.meta.dirname, '../test/schema.released.graphql');
const today = printSchema(lexicographicSortSchema(buildBackendSchema(shop)));

if (process.argv.includes('--release')) await writeFile(released, `${today}\n`);
else {
  const changes = await diff(buildSchema(await readFile(released, 'utf8')), buildSchema(today));
  const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
  for (const { message, criticality } of breaking)
    console.error(`${message}${criticality.reason === undefined ? '' : ` (${criticality.reason})`}`);
  if (breaking.length > 0) {
    console.error(
      'These changes break clients of the last release. Take them back, or say so in the changelog and accept them: node scripts/schema-changes.ts --release',
    );
    process.exitCode = 1;
  }
}
