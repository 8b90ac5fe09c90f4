import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shop as definition } from '../../src/app/shop.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { ServedProgram } from '../support/served-program.ts';
import { startShop } from './shop.ts';

let database: TestDatabase;
let shop: ServedProgram;
beforeAll(async () => {
  database = await createTestDatabase(definition.migrations);
  shop = await startShop(database.url);
});
afterAll(async () => {
  await shop.end('SIGTERM');
  await database.drop();
});

const audits = serverAudits({ url: () => shop.graphql });

test('there are audits', () => expect(audits.length).toBeGreaterThan(50));

test.each(audits)('GraphQL over HTTP, audit $id: $name', async ({ fn }) => {
  expect(await fn()).toMatchObject({ status: 'ok' });
});
