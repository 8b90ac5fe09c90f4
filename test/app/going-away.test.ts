import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { shop } from '../../src/app/shop.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { onlyError, post } from '../graphql/requests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { holdTables } from './held-tables.ts';
import { addProduct, payOrder, placeOrder, registerUser } from './operations.ts';

let database: TestDatabase;
let sql: Sql;
let served: Served;
let graphql: string;
let tables: ReturnType<typeof holdTables>;

const start = async (operationTime = 600_000): Promise<void> => {
  served = await serve(shop, { databaseUrl: database.url, masterKeys, port: 0, limits: { operationTime } });
  graphql = `${served.url}/graphql`;
};
beforeAll(async () => {
  database = await createTestDatabase(shop.migrations);
  sql = postgres(database.url, { onnotice: () => {} });
  tables = holdTables(sql);
  await start();
});
afterAll(async () => {
  await served.stop();
  await sql.end();
  await database.drop();
});

const readOrders = { query: '{ orders { nodes { id } } }' };

/** Begins something that waits for the database; what it gives makes the client go away. */
type Leave = (graphql: string, operation: object) => Promise<() => Promise<unknown>>;

const json = { 'content-type': 'application/json' };

/** A request that is abandoned. */
async function abandoned(url: string, init: RequestInit): Promise<() => Promise<void>> {
  const leaving = new AbortController();
  const answer = fetch(url, { ...init, signal: leaving.signal });
  return async () => {
    leaving.abort();
    await expect(answer).rejects.toThrow();
  };
}

/** A socket that has sent one operation, and what it hears. */
async function connected(graphql: string, operation: object) {
  const socket = new WebSocket(graphql.replace('http', 'ws'), 'graphql-transport-ws');
  const heard: string[] = [];
  socket.on('message', (message) => heard.push(JSON.parse(String(message)).type));
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: operation }));
  return { socket, heard };
}

/** A stream for several operations, on which one has been asked for. */
async function shared(graphql: string, operation: object) {
  const named = { 'x-graphql-event-stream-token': await (await fetch(graphql, { method: 'PUT' })).text() };
  const leaving = new AbortController();
  await fetch(graphql, { headers: named, signal: leaving.signal });
  const body = JSON.stringify({ ...operation, extensions: { operationId: 'a' } });
  void fetch(graphql, { method: 'POST', headers: { ...json, ...named }, body }).catch(() => {});
  return { named, leaving };
}

const leaves: readonly (readonly [string, Leave])[] = [
  [
    'over HTTP',
    (graphql, operation) =>
      abandoned(graphql, { method: 'POST', headers: json, body: JSON.stringify(operation) }),
  ],
  [
    'over HTTP, with a URL',
    (graphql, operation) => abandoned(`${graphql}?${new URLSearchParams({ ...operation })}`, {}),
  ],
  [
    'over server-sent events',
    (graphql, operation) => {
      const headers = { ...json, accept: 'text/event-stream' };
      return abandoned(graphql, { method: 'POST', headers, body: JSON.stringify(operation) });
    },
  ],
  [
    'over a WebSocket',
    async (graphql, operation) => {
      const { socket } = await connected(graphql, operation);
      return async () => socket.terminate();
    },
  ],
  [
    'over a WebSocket that stays',
    async (graphql, operation) => {
      const { socket, heard } = await connected(graphql, operation);
      return async () => {
        socket.send('{"id":"1","type":"complete"}');
        await tables.isCancelled();
        // The id is free, and nothing was said of what it was.
        socket.send('{"id":"1","type":"subscribe","payload":{"query":"{ __typename }"}}');
        await vi.waitFor(() => expect(heard).toEqual(['connection_ack', 'next', 'complete']));
        socket.terminate();
      };
    },
  ],
  [
    'over a shared event stream',
    async (graphql, operation) => {
      const { leaving } = await shared(graphql, operation);
      return async () => leaving.abort();
    },
  ],
  [
    'over a shared event stream that stays',
    async (graphql, operation) => {
      const { named, leaving } = await shared(graphql, operation);
      return async () => {
        await fetch(`${graphql}?operationId=a`, { method: 'DELETE', headers: named });
        await tables.isCancelled();
        leaving.abort();
      };
    },
  ],
];

describe.each(leaves)('a client that goes away %s', (_, begin) => {
  test('takes its query with it', async () => {
    await tables.held('orders', async () => {
      const leave = await begin(graphql, readOrders);
      await tables.isWaiting();
      await leave();
      await tables.isCancelled();
    });
  });
});

test('a client that goes away over a WebSocket takes its subscription’s query with it', async () => {
  const client = createClient({ url: graphql.replace('http', 'ws'), webSocketImpl: WebSocket });
  await tables.held('orders', async () => {
    const results = client.iterate({ query: 'subscription { orders { upserted { id } } }' });
    const next = results.next();
    await tables.isWaiting();
    await client.dispose();
    await next.catch(() => {});
    await tables.isCancelled();
  });
});

test('what a subscription has missed is not read to the end for nobody', async () => {
  for (const sku of ['A', 'B'])
    await post(graphql, { query: addProduct, variables: { input: { sku, name: sku, price: '1' } } });
  await served.stop();
  // A server that has just started knows from the table alone what came behind a position.
  await start();
  const missed = { query: 'subscription { products(after: "1") { upserted { sku } } }' };
  await tables.held('livefold.tombstones', async () => {
    const { socket } = await connected(graphql, missed);
    await tables.isWaiting();
    socket.terminate();
    await tables.isCancelled();
  });
});

describe('what a mutation reads is cancelled with it', () => {
  beforeAll(async () => {
    await served.stop();
    await start(500);
  });

  const lines = [{ sku: 'TEA', quantity: 1 }];
  const email = { id: 'u1', email: 'ada@example.org', name: 'Ada', country: 'GB' };
  test.each([
    ['an aggregate that its resolver looks up', 'livefold.events', placeOrder, { lines }],
    ['an aggregate that its command is about', 'livefold.events', payOrder, { orderId: 'o1' }],
    ['the events that a decision is about', 'livefold.events', registerUser, email],
    ['the receipt of its command id', 'livefold.commands', payOrder, { orderId: 'o1' }],
  ])('%s', async (_, table, query, input) => {
    await tables.held(table, async () => {
      const reply = post(graphql, { query, variables: { input, id: 'c1' } });
      await tables.isWaiting();
      expect(onlyError(await reply).extensions.code).toBe('TIMED_OUT');
      await tables.isCancelled();
    });
  });
});
