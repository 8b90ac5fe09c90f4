import { once } from 'node:events';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { lineOf } from '../../src/app/lines.ts';
import { Order } from '../../src/app/orders/order.ts';
import type { OrderRow } from '../../src/app/orders/orders-table.ts';
import { shop } from '../../src/app/shop.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { openEventStream } from '../graphql/event-source.ts';
import { post } from '../graphql/requests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** How often an order's carrier was resolved. */
let executions = 0;
const orders = {
  ...shop,
  processManagers: [],
  resolvers: {
    ...shop.resolvers,
    Order: {
      ...shop.resolvers.Order,
      carrier: ({ carrier }: OrderRow) => {
        executions += 1;
        return carrier;
      },
    },
  },
};

let created: TestDatabase;
let served: Served;
let url: string;
const clients: Client[] = [];
beforeAll(async () => {
  created = await createTestDatabase(orders.migrations);
  served = await serve(orders, { databaseUrl: created.url, masterKeys, port: 0 });
  url = `${served.url}/graphql`;
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
});
afterAll(async () => {
  await served.stop();
  await created.drop();
});

const waiting = { timeout: 20_000, interval: 5 };
/** Fills a socket's buffers fast. */
const longLines = Array.from({ length: 40 }, (_, n) =>
  lineOf({ sku: `S${n}`, name: 'n'.repeat(100), quantity: 1, unitPrice: '1' }),
);

function place(orderId: string, customerId: string, lines = longLines.slice(0, 1)) {
  const input = { orderId, customerId, country: null, lines, needsStock: false };
  return served.backend.execute(Order.commands.place(orderId, input));
}

type Changes = {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly position: string;
  readonly upserted: readonly { readonly id: string }[];
  readonly removed: readonly string[];
  readonly live: boolean;
};

const query =
  'subscription ($filter: OrderFilter, $after: Position) { orders(filter: $filter, after: $after) { kind position upserted { id carrier lines { name } } removed live } }';
const of = (customer: string) => ({ customerId: { eq: customer } });

/** A client with a socket of its own, and the frames that reach it. */
function watch(variables: Record<string, unknown>, authorization?: string): Changes[] {
  const frames: Changes[] = [];
  const connectionParams = authorization === undefined ? {} : { authorization };
  const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, connectionParams });
  clients.push(client);
  client.subscribe<{ orders: Changes }>(
    { query, variables },
    {
      next: ({ data }) => data && void frames.push(data.orders),
      error: (error) => {
        throw new Error(JSON.stringify(error));
      },
      complete() {},
    },
  );
  return frames;
}

function fold(frames: readonly Changes[]): readonly string[] {
  const held = new Set<string>();
  for (const { kind, upserted, removed } of frames) {
    if (kind === 'SNAPSHOT') held.clear();
    for (const id of removed) held.delete(id);
    for (const { id } of upserted) held.add(id);
  }
  return [...held].sort();
}

const isOpen = (frames: readonly Changes[]) => vi.waitFor(() => expect(frames).toHaveLength(1), waiting);
const holds = (frames: readonly Changes[], ids: readonly string[]) =>
  vi.waitFor(() => expect(fold(frames)).toEqual([...ids].sort()), waiting);

test('equal subscriptions, on both transports, share one execution of each change', async () => {
  const variables = { filter: of('ada') };
  const watching = Array.from({ length: 30 }, () => watch(variables));
  const streams = await Promise.all(
    Array.from({ length: 5 }, () => openEventStream(url, { query, variables })),
  );
  for (const frames of watching) await isOpen(frames);
  for (const stream of streams) await stream.next();
  executions = 0;
  const ids: string[] = [];
  for (let n = 0; n < 10; n += 1) {
    ids.push(`ada-${n}`);
    const { position } = await place(`ada-${n}`, 'ada');
    for (const frames of watching) await holds(frames, ids);
    for (const stream of streams) expect((await stream.next())?.id).toBe(String(position));
  }
  expect(executions).toBe(10);
  for (const stream of streams) stream.leave();
});

test('who resumes somewhere else shares too; who may see something else, or asks for something else, does not', async () => {
  const { position } = await place('grace-0', 'grace');
  const shared = [
    watch({ filter: of('grace') }),
    watch({ filter: of('grace'), after: String(position - 1) }),
    watch({ after: String(position - 1), filter: of('grace') }),
  ];
  for (const frames of shared) await holds(frames, ['grace-0']);
  executions = 0;
  await place('grace-1', 'grace');
  for (const frames of shared) await holds(frames, ['grace-0', 'grace-1']);
  expect(executions).toBe(1);

  const others = [
    watch({ filter: of('grace') }, 'Bearer somebody'),
    watch({ filter: { customerId: { in: ['grace'] } } }),
  ];
  for (const frames of others) await isOpen(frames);
  executions = 0;
  await place('grace-2', 'grace');
  for (const frames of [...shared, ...others]) await holds(frames, ['grace-0', 'grace-1', 'grace-2']);
  expect(executions).toBe(3);
});

test('whoever comes while orders come in, from wherever, gets each change once and in order', async () => {
  const ids = Array.from({ length: 150 }, (_, n) => `linus-${n}`);
  const { position } = await place('linus-first', 'linus');
  const filter = of('linus');
  const fresh: Changes[][] = [];
  const resumed: Changes[][] = [];
  for (const [n, id] of ids.entries()) {
    const placed = place(id, 'linus');
    if (n % 5 === 0) fresh.push(watch({ filter }));
    if (n % 5 === 1) resumed.push(watch({ filter, after: String(position) }));
    if (n % 10 === 0) await placed;
  }
  for (const frames of fresh) await holds(frames, ['linus-first', ...ids]);
  for (const frames of resumed) await holds(frames, ids);
  for (const frames of [...fresh, ...resumed]) {
    const positions = frames.map((frame) => Number(frame.position));
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    const told = frames.flatMap(({ upserted }) => upserted.map(({ id }) => id));
    expect(told).toEqual([...new Set(told)]);
  }
});

test('a client that stops reading holds nobody up, is sent no more than fits, and catches up when it reads', async () => {
  const slow = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  await once(slow, 'open');
  const frames: Changes[] = [];
  slow.on('message', (data) => {
    const { type, payload } = JSON.parse(String(data));
    if (type === 'next') frames.push(payload.data.orders);
  });
  slow.send('{"type":"connection_init"}');
  await once(slow, 'message');
  const variables = { filter: of('slow') };
  slow.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));
  await isOpen(frames);
  slow.pause();
  const fast = watch(variables);
  await isOpen(fast);
  const ids = Array.from({ length: 3_000 }, (_, n) => `slow-${n}`);
  for (let at = 0; at < ids.length; at += 50)
    await Promise.all(ids.slice(at, at + 50).map((id) => place(id, 'slow', longLines)));
  await holds(fast, ids);
  executions = 0;
  slow.resume();
  await holds(frames, ids);
  // What it had not been sent was made for it alone; with room for all of it, nothing would have been.
  expect(executions).toBeGreaterThan(100);
  const behind = frames.findIndex(({ live }) => !live);
  expect(behind).toBeGreaterThan(0);
  expect(frames.at(-1)?.live).toBe(true);
  const { position } = await place('slow-last', 'slow');
  await vi.waitFor(() => expect(frames.at(-1)).toMatchObject({ position: String(position), live: true }));
  slow.terminate();
});

test('a server that nobody watches executes nothing', async () => {
  executions = 0;
  await place('nobody', 'nobody');
  const { body } = await post(url, { query: '{ head }' });
  expect(body.errors).toBeUndefined();
  expect(executions).toBe(0);
});
