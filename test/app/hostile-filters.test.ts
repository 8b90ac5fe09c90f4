import { afterAll, beforeAll, expect, test } from 'vitest';
import { shop } from '../../src/app/shop.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { post } from '../graphql/requests.ts';
import { codesOf, transports } from '../graphql/transports.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addProduct } from './operations.ts';

let database: TestDatabase;
let served: Served;
let graphql: string;
beforeAll(async () => {
  database = await createTestDatabase(shop.migrations);
  served = await serve(shop, { databaseUrl: database.url, masterKeys, port: 0 });
  graphql = `${served.url}/graphql`;
  const input = { sku: 'TEA', name: '100% tea_\\', price: '4.5' };
  await post(graphql, { query: addProduct, variables: { input } });
});
afterAll(async () => {
  await served.stop();
  await database.drop();
});

const query = 'query ($filter: ProductFilter) { products(filter: $filter) { nodes { sku } } }';
const ask = async (filter: unknown) => (await post(graphql, { query, variables: { filter } })).body;
const found = { data: { products: { nodes: [{ sku: 'TEA' }] } } };
const refused = expect.objectContaining({
  errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }) })],
});
const nothing = { data: { products: { nodes: [] } } };
const inside = (levels: number): object =>
  levels === 0 ? { sku: { eq: 'TEA' } } : { not: inside(levels - 1) };

test.each([
  ['patterns are text', { name: { contains: '0% tea_\\' } }, found],
  ['patterns mean nothing else', { name: { contains: '%'.repeat(500) } }, nothing],
  [
    'a list of thousands',
    { sku: { in: [...Array.from({ length: 9_000 }, (_, n) => `S${n}`), 'TEA'] } },
    found,
  ],
  [
    'thousands of parts',
    { or: [...Array.from({ length: 2_000 }, () => ({ sku: { eq: 'x' } })), { sku: { eq: 'TEA' } }] },
    found,
  ],
  ['negations of negations', inside(90), found],
  ['text with a NUL', { sku: { eq: 'T\u0000' } }, refused],
  ['a list of text with a NUL', { sku: { in: ['T\u0000', 'TEA'] } }, refused],
  ['half a character', { sku: { eq: '\ud800' } }, nothing],
  ['a long text', { name: { startsWith: 'x'.repeat(500_000) } }, nothing],
  ['a number of thousands of digits', { price: { gt: '9'.repeat(5_000) } }, refused],
])('%s', async (_, filter, answer) => {
  expect(await ask(filter)).toEqual(answer);
});

test.each(transports.filter(([name]) => name !== 'HTTP GET'))(
  'a list of 100,000 is refused over %s',
  async (_, send) => {
    const filter = { sku: { in: Array.from({ length: 100_000 }, (_, n) => `${n}`) } };
    expect(codesOf(await send({ graphql }, { query, variables: { filter } }))).toEqual(['LIMIT_EXCEEDED']);
  },
);
