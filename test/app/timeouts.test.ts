import { createClient } from 'graphql-ws';
import postgres, { type Sql } from 'postgres';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { shop } from '../../src/app/shop.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { onlyError, post } from '../graphql/requests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addProduct } from './operations.ts';

let database: TestDatabase;
let served: Served;
let sql: Sql;

beforeEach(async () => {
  database = await createTestDatabase(shop.migrations);
  sql = postgres(database.url, { onnotice: () => {} });
});
afterEach(async () => {
  await served.stop();
  await sql.end();
  await database.drop();
});

const start = async (operationTime: number): Promise<string> => {
  served = await serve(shop, { databaseUrl: database.url, masterKeys, port: 0, limits: { operationTime } });
  return `${served.url}/graphql`;
};
const long = 600_000;
const readOrders = { query: '{ orders { nodes { id } } }' };

/** The queries of the server that wait for a lock of ours. */
async function waiting(text: string): Promise<number> {
  const rows = await sql`select 1 from pg_stat_activity
    where datname = current_database() and application_name = 'livefold' and state = 'active' and wait_event_type = 'Lock'
      and strpos(query, ${text}) > 0`;
  return rows.length;
}
const isWaiting = (text = '') =>
  vi.waitFor(async () => expect(await waiting(text)).toBeGreaterThan(0), { timeout: 10_000 });
const isCancelled = (text = '') =>
  vi.waitFor(async () => expect(await waiting(text)).toBe(0), { timeout: 10_000 });

/** Holds a lock that no read gets past, while `work` runs; or, on the log, no append. */
async function locked(
  table: 'orders' | 'livefold.events',
  work: () => Promise<void>,
  { isUnreadable = table === 'orders' } = {},
): Promise<void> {
  await sql.begin(async (transaction) => {
    const mode = isUnreadable ? transaction`access exclusive` : transaction`exclusive`;
    await transaction`lock table ${transaction(table)} in ${mode} mode`;
    await work();
  });
}

describe('a query that takes too long', () => {
  test('is answered with TIMED_OUT, and what it asked the database for is cancelled', async () => {
    const graphql = await start(300);
    await locked('orders', async () => {
      const reply = await post(graphql, readOrders, { accept: 'application/graphql-response+json' });
      expect(reply.status).toBe(504);
      expect(onlyError(reply).extensions.code).toBe('TIMED_OUT');
      await isCancelled();
    });
    expect((await post(graphql, readOrders)).body).toEqual({ data: { orders: { nodes: [] } } });
  });

  test('over a WebSocket too', async () => {
    const graphql = await start(300);
    const client = createClient({ url: graphql.replace('http', 'ws'), webSocketImpl: WebSocket });
    await locked('orders', async () => {
      expect(await client.iterate(readOrders).next()).toMatchObject({
        value: { errors: [{ extensions: { code: 'TIMED_OUT' } }] },
      });
      await isCancelled();
    });
    await client.dispose();
  });
});

describe('a look into the past', () => {
  const added = { query: addProduct, variables: { input: { sku: 'TEA', name: 'Tea', price: '4.5' } } };
  const orders = '{ orders(asOf: { position: "0" }) { nodes { id } } }';
  const order = '{ order(id: "o1", asOf: { position: "1" }) { id } }';
  const orderDiff =
    '{ orderDiff(id: "o1", from: { version: 1 }, to: { position: "1" }) { changes { field } } }';
  /** What only the past asks of the log here: events before a position, and a stream. Others follow it meanwhile. */
  const before = 'position < ';
  const stream = 'e.stream = s.stream';
  const fields = [
    ['orders', orders, before],
    ['order', order, stream],
    ['orderDiff', orderDiff, stream],
    ['orderHistory', '{ orderHistory(id: "o1") { nodes { version } } }', stream],
  ] as const;

  test.each(fields)('that takes too long ends, at the database too: %s', async (_, query, text) => {
    const graphql = await start(1_000);
    await post(graphql, added);
    await locked(
      'livefold.events',
      async () => {
        const answer = post(graphql, { query });
        await isWaiting(text);
        expect(onlyError(await answer).extensions.code).toBe('TIMED_OUT');
        await isCancelled(text);
      },
      { isUnreadable: true },
    );
    expect((await post(graphql, { query })).body.errors).toBeUndefined();
  });

  test('of one who leaves ends, at the database too', async () => {
    const graphql = await start(long);
    await post(graphql, added);
    const leaving = new AbortController();
    await locked(
      'livefold.events',
      async () => {
        const body = JSON.stringify({ query: orders });
        const headers = { 'content-type': 'application/json' };
        const answer = fetch(graphql, { method: 'POST', body, headers, signal: leaving.signal });
        await isWaiting(before);
        leaving.abort();
        await expect(answer).rejects.toThrow();
        await isCancelled(before);
      },
      { isUnreadable: true },
    );
  });
});

describe('a mutation that takes too long', () => {
  const product = {
    query: addProduct,
    variables: { input: { sku: 'TEA', name: 'Tea', price: '4.5' }, id: 'c1' },
  };

  test('before its commit leaves nothing, and can be sent again', async () => {
    const graphql = await start(500);
    await locked('livefold.events', async () => {
      expect(onlyError(await post(graphql, product)).extensions.code).toBe('TIMED_OUT');
      await isCancelled();
    });
    expect(await sql`select 1 from livefold.events`).toHaveLength(0);
    const { body } = await post(graphql, product);
    expect(body).toMatchObject({ data: { addProduct: { receipt: { position: '1', duplicate: false } } } });
  });

  test('takes no other with it that waits beside it', async () => {
    const graphql = await start(long);
    const leaving = new AbortController();
    const added = (sku: string) => ({
      query: addProduct,
      variables: { input: { sku, name: sku, price: '1' } },
    });
    let staying: Promise<unknown> = Promise.resolve();
    await locked('livefold.events', async () => {
      // The first statement waits for the lock; the two behind it go out together.
      const first = post(graphql, added('A'));
      await isWaiting();
      const gone = fetch(graphql, {
        ...{ method: 'POST', body: JSON.stringify(added('B')), signal: leaving.signal },
        headers: { 'content-type': 'application/json' },
      });
      const second = post(graphql, added('C'));
      staying = Promise.all([first, second]);
      leaving.abort();
      await expect(gone).rejects.toThrow();
    });
    expect(await staying).toMatchObject([
      { body: { data: { addProduct: { product: { sku: 'A' } } } } },
      { body: { data: { addProduct: { product: { sku: 'C' } } } } },
    ]);
  });
});
