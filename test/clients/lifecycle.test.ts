import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { shop as definition } from '../../src/app/shop.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { openEventStream } from '../graphql/event-source.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Program } from '../support/program.ts';
import { ServedProgram } from '../support/served-program.ts';
import { addTea, cli, placeOrder, readOrders, startShop } from './shop.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(definition.migrations);
});
afterAll(() => database.drop());

const watchOrders = 'subscription { orders { kind live upserted { id } } }';

test('it says where it is, and is healthy and ready there', async () => {
  await using shop = await startShop(database.url);
  for (const path of ['/health', '/ready']) expect((await fetch(shop.url + path)).status).toBe(200);
  const page = await fetch(shop.graphql, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('GraphiQL');
  expect(shop.output).toContain(`GraphiQL       ${shop.graphql}`);
  expect(shop.output).toContain(`WebSocket      ${shop.socket}`);
});

test('SIGTERM sends clients away and ends the program with code 0; what was stored is there when it is back', async () => {
  await using shop = await startShop(database.url);
  await addTea(shop);
  await placeOrder(shop, 'kept');
  const closed = watchUntilClosed(shop);
  const stream = await openEventStream(shop.graphql, { query: watchOrders });
  expect((await stream.next())?.event).toBe('next');
  await closed.connected;

  expect(await shop.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect((await closed.event).code).toBe(1001);
  // No `complete`: the client is to come back.
  expect(await stream.next()).toBeUndefined();
  expect(shop.output).toContain('Stopping …');

  await using back = await startShop(database.url, { port: shop.port });
  expect(await readOrders(back)).toMatchObject([{ id: 'kept' }]);
});

test('a port that is taken is a clear error', async () => {
  await using shop = await startShop(database.url);
  const env = { DATABASE_URL: database.url, LIVEFOLD_KEYS: masterKeys, PORT: shop.port };
  await using second = new Program([cli, 'start'], { env });
  expect(await second.ended).toEqual({ code: 1, signal: null });
  expect(second.output).toContain(`PORT_TAKEN: Port ${shop.port} on 127.0.0.1 is taken`);
  expect(second.output).not.toMatch(/^ +at /m);
  expect((await fetch(`${shop.url}/ready`)).status).toBe(200);
});

test.each([
  ['PORT', 'INVALID_ENVIRONMENT', { PORT: 'http' }],
  ['LOG_LEVEL', 'INVALID_ENVIRONMENT', { LOG_LEVEL: 'loud' }],
  ['LIVEFOLD_MAX_CONNECTIONS', 'INVALID_ENVIRONMENT', { LIVEFOLD_MAX_CONNECTIONS: '0' }],
  ['LIVEFOLD_IDLE_SECONDS', 'INVALID_ENVIRONMENT', { LIVEFOLD_IDLE_SECONDS: '1.5' }],
  ['DATABASE_URL', 'DATABASE_URL_INVALID', { DATABASE_URL: 'mysql://127.0.0.1/shop' }],
])('a %s that cannot be used is a clear error', async (name, code, env) => {
  const all = { DATABASE_URL: database.url, LIVEFOLD_KEYS: masterKeys, PORT: '0', ...env };
  await using shop = new Program([cli, 'start'], { env: all });
  expect(await shop.ended).toEqual({ code: 1, signal: null });
  expect(shop.output).toContain(`${code}: ${name}`);
  expect(shop.output).not.toMatch(/^ +at /m);
});

test('the limits of the environment hold', async () => {
  await using shop = await ServedProgram.start([cli, 'start'], {
    env: {
      ...{ DATABASE_URL: database.url, LIVEFOLD_KEYS: masterKeys, PORT: '0' },
      LIVEFOLD_MAX_CONNECTIONS: '1',
    },
  });
  const first = new WebSocket(shop.socket, 'graphql-transport-ws');
  await once(first, 'open');
  const second = new WebSocket(shop.socket, 'graphql-transport-ws');
  expect((await once(second, 'close'))[0]).toBe(1013);
  first.terminate();
});

test('in the demo, simulated customers make frames arrive', async () => {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect(scripts.demo).toMatch(/^node src\/cli\/livefold\.ts demo$/);
  await using demoDatabase = await createTestDatabase(definition.migrations);
  await using demo = await startShop(demoDatabase.url, { command: ['demo', '--seed', '7', '--pace', '10'] });
  const stream = await openEventStream(demo.graphql, { query: watchOrders });
  const seen = new Set<string>();
  while (seen.size < 5) {
    const event = await stream.next();
    for (const { id } of JSON.parse(event?.data ?? '').data.orders.upserted) seen.add(id);
  }
  stream.leave();
  expect(await demo.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

/** A WebSocket client that watches the orders and does not come back. */
function watchUntilClosed({ socket }: ServedProgram) {
  const connected = Promise.withResolvers<void>();
  const event = Promise.withResolvers<{ readonly code: number }>();
  const client = createClient({
    url: socket,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    on: { closed: (close) => event.resolve(close as { readonly code: number }) },
  });
  client.subscribe(
    { query: watchOrders },
    { next: () => connected.resolve(), error: () => {}, complete: () => {} },
  );
  return { connected: connected.promise, event: event.promise };
}
