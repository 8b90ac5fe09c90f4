import { PostgresJsSession } from 'drizzle-orm/postgres-js';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { lineOf } from '../../src/app/lines.ts';
import { Order } from '../../src/app/orders/order.ts';
import { shop } from '../../src/app/shop.ts';
import { sleep } from '../../src/kernel/async.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import { cli, masterKeys } from '../cli/run-livefold.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ServedProgram } from '../support/served-program.ts';

let created: TestDatabase;
let folding: ServedProgram;
/** It only serves: what it tells was folded by the other process. */
let served: Served;
const clients: Client[] = [];
beforeAll(async () => {
  created = await createTestDatabase(shop.migrations);
  folding = await ServedProgram.start([cli, 'start'], {
    env: { DATABASE_URL: created.url, LIVEFOLD_KEYS: masterKeys, PORT: '0' },
  });
  served = await serve(shop, { databaseUrl: created.url, masterKeys, port: 0, project: false });
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const client of clients.splice(0)) await client.dispose();
});
afterAll(async () => {
  await served.stop();
  await folding[Symbol.asyncDispose]();
  await created.drop();
});

const waiting = { timeout: 20_000, interval: 5 };

const line = lineOf({ sku: 'TEA', name: 'Tea', quantity: 1, unitPrice: '1' });
const place = (orderId: string, customerId: string) =>
  served.backend.execute(
    Order.commands.place(orderId, { orderId, customerId, country: null, lines: [line], needsStock: false }),
  );
const cancel = (orderId: string) =>
  served.backend.execute(Order.commands.cancel(orderId, { reason: 'none' }));

type Changes = {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly position: string;
  readonly upserted: readonly { readonly id: string }[];
  readonly removed: readonly string[];
};

/** What customers are told who each watch their own orders, as long as they are placed and no more. */
function watch(customers: readonly string[], after?: number): ReadonlyMap<string, Changes[]> {
  const url = `${served.url.replace('http', 'ws')}/graphql`;
  const sockets = Array.from({ length: Math.ceil(customers.length / 50) }, () =>
    createClient({ url, webSocketImpl: WebSocket, lazy: false }),
  );
  clients.push(...sockets);
  const told = new Map<string, Changes[]>();
  for (const [n, customer] of customers.entries()) {
    const frames: Changes[] = [];
    told.set(customer, frames);
    const filter = { customerId: { eq: customer }, status: { eq: 'PLACED' } };
    sockets[n % sockets.length]?.subscribe<{ orders: Changes }>(
      {
        query:
          'subscription ($filter: OrderFilter, $after: Position) { orders(filter: $filter, after: $after) { kind position upserted { id } removed } }',
        variables: { filter, ...(after !== undefined && { after: String(after) }) },
      },
      {
        next: ({ data }) => data && void frames.push(data.orders),
        error: (error) => {
          throw new Error(JSON.stringify(error));
        },
        complete() {},
      },
    );
  }
  return told;
}

const all = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `c${n}`);
const has = (frames: readonly Changes[] | undefined, count: number) =>
  vi.waitFor(() => expect(frames).toHaveLength(count), waiting);

test('of a hundred who watch different orders in a process that does not fold only whom a change concerns is told, by a few statements', async () => {
  const told = watch(all(100));
  for (const frames of told.values()) await has(frames, 1);
  // The first one opens connections.
  await place('warm', 'c3');
  await has(told.get('c3'), 2);
  const statements = vi.spyOn(PostgresJsSession.prototype, 'prepareQuery');
  const written = vi.spyOn(JSON, 'stringify');
  const orders = 5;
  for (let n = 0; n < orders; n += 1) {
    await place(`o${n}`, 'c7');
    await has(told.get('c7'), 2 + n);
  }
  await cancel('o0');
  await has(told.get('c7'), 2 + orders);
  const count = statements.mock.calls.length;
  const results = written.mock.calls.filter(([value]) => Object(Object(value).data).orders);
  expect(told.get('c7')?.slice(1)).toMatchObject([
    ...[0, 1, 2, 3, 4].map((n) => ({ kind: 'DELTA', upserted: [{ id: `o${n}` }], removed: [] })),
    { kind: 'DELTA', upserted: [], removed: ['o0'] },
  ]);
  // An append and its reading, what changed, and the heartbeats of the time that it took.
  expect(count / (orders + 1)).toBeLessThan(20);
  expect(results).toHaveLength(orders + 1);
  await sleep(100);
  for (const [customer, frames] of told) if (!['c3', 'c7'].includes(customer)) expect(frames).toHaveLength(1);
});

/** What a client holds that folds its frames. */
function fold(frames: readonly Changes[]): readonly string[] {
  const held = new Set<string>();
  for (const { kind, upserted, removed } of frames) {
    if (kind === 'SNAPSHOT') held.clear();
    for (const id of removed) held.delete(id);
    for (const { id } of upserted) held.add(id);
  }
  return [...held].sort();
}

test('whoever comes and comes back while orders come and go ends with those that are left', async () => {
  const watching = [watch(['d'])];
  const ids = Array.from({ length: 60 }, (_, n) => `d${n}`);
  const left: string[] = [];
  for (const [n, id] of ids.entries()) {
    const { position } = await place(id, 'd');
    // From here the one before holds what is behind it.
    if (n % 3 === 0) watching.push(watch(['d']));
    const gone = n % 2 === 0 ? cancel(id) : undefined;
    if (n % 6 === 1) {
      const before = watching.at(-1)?.get('d') ?? [];
      await vi.waitFor(
        () => expect(Number(before.at(-1)?.position)).toBeGreaterThanOrEqual(position),
        waiting,
      );
      const held = fold(before);
      const snapshot = {
        kind: 'SNAPSHOT',
        position: '0',
        upserted: held.map((id) => ({ id })),
        removed: [],
      } as const;
      const back = watch(['d'], Number(before.at(-1)?.position));
      back.get('d')?.unshift(snapshot);
      watching.push(back);
    }
    await gone;
    if (gone === undefined) left.push(id);
  }
  for (const told of watching)
    await vi.waitFor(() => expect(fold(told.get('d') ?? [])).toEqual([...left].sort()), waiting);
});
