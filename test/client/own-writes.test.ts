import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { cacheExchange, fetchExchange, Client as UrqlClient } from '@urql/core';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLivefoldLink } from '../../src/apollo.ts';
import { shop as definition } from '../../src/app/shop.ts';
import type { Transport } from '../../src/client.ts';
import { livefoldExchange } from '../../src/urql.ts';
import { addTea, startShop } from '../clients/shop.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { ServedProgram } from '../support/served-program.ts';

let database: TestDatabase;
let writing: ServedProgram;
let reading: ServedProgram;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase(definition.migrations);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  // What is held up tries again: it must not hold a connection on which the fold of the orders may have to wait its turn.
  await sql`alter database ${sql(new URL(database.url).pathname.slice(1))} set lock_timeout = '100ms'`;
  [writing, reading] = await Promise.all([startShop(database.url), startShop(database.url)]);
  await addTea(writing);
});
afterAll(async () => {
  await sql?.end();
  await Promise.all([writing?.end('SIGKILL'), reading?.end('SIGKILL')]);
  await database?.drop();
});

const noSubscriptions: Transport = { subscribe: () => () => {} };
const place =
  'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { receipt { position } order { id } } }';
const sales = 'query ($atLeast: Position) { dailySales(atLeast: $atLeast) { orders } }';
const input = { lines: [{ sku: 'TEA', quantity: 1 }] };

type Sales = { readonly dailySales: readonly { readonly orders: number }[] };
const ordersIn = ({ dailySales }: Sales): number => dailySales.reduce((sum, { orders }) => sum + orders, 0);

/** Orders at one process and reads at another, whose sales are held up meanwhile. */
async function expectOwnWrite(order: () => Promise<void>, read: () => Promise<Sales>): Promise<void> {
  const before = ordersIn(await read());
  let answer: Sales | undefined;
  let asked: Promise<void> | undefined;
  await sql.begin(async (transaction) => {
    await transaction`lock table daily_sales in share mode`;
    await order();
    asked = read().then((found) => {
      answer = found;
    });
    // The table can be read, and does not have the order yet: only who knows of it waits.
    expect(ordersIn(await reading.data(sales))).toBe(before);
    expect(answer).toBeUndefined();
  });
  await asked;
  expect(answer && ordersIn(answer)).toBe(before + 1);
}

test('urql: a query that declares `atLeast` waits for what the client wrote at another process', async () => {
  const exchanges = [cacheExchange, livefoldExchange({ transport: noSubscriptions }), fetchExchange];
  const client = new UrqlClient({ url: writing.graphql, preferGetMethod: false, exchanges });
  await expectOwnWrite(
    async () => {
      const { error } = await client.mutation(place, { input });
      expect(error).toBeUndefined();
    },
    async () => {
      const { data, error } = await client.query<Sales>(
        sales,
        {},
        { url: reading.graphql, requestPolicy: 'network-only' },
      );
      if (data === undefined) throw error;
      return data;
    },
  );
});

test('Apollo Client: a query that declares `atLeast` waits for what the client wrote at another process, and is cached as the caller asked', async () => {
  const client = new ApolloClient({
    link: ApolloLink.from([
      createLivefoldLink({ transport: noSubscriptions }),
      new HttpLink({ uri: writing.graphql }),
    ]),
    cache: new InMemoryCache(),
  });
  const query = gql(sales);
  await expectOwnWrite(
    async () => {
      await client.mutate({ mutation: gql(place), variables: { input } });
    },
    async () => {
      const { data } = await client.query<Sales>({
        query,
        context: { uri: reading.graphql },
        fetchPolicy: 'network-only',
      });
      if (data === undefined) throw new Error('No data.');
      return data;
    },
  );
  expect(client.readQuery<Sales>({ query })?.dailySales).toHaveLength(1);
});
