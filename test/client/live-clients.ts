import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import { shop as definition } from '../../src/app/shop.ts';
import { eventStream, type Frame, type OperationResult, type Transport } from '../../src/client.ts';
import { addTea, placeOrder, readLog, readOrders, startShop } from '../clients/shop.ts';
import { createTestDatabase } from '../support/database.ts';
import { openLine } from '../support/line.ts';
import type { ServedProgram } from '../support/served-program.ts';
import { observed } from './observed.ts';

/** A GraphQL library's client that has Livefold's exchange or link: it watches and hands on the data of each result. */
export type LiveClient = {
  readonly watch: (query: string, take: (data: Watched) => void) => void;
};
export type Connect = (transport: Transport, graphql: string) => LiveClient;

type Watched = {
  readonly orders?: Frame;
  readonly notifications?: { readonly id: string };
};

const watchLog = 'subscription { notifications(after: "0") { id } }';
const watchOrders = 'subscription { orders { position upserted { id status total } } }';
const waiting = { timeout: 40_000, interval: 100 };

/**
 * Lets one client over a WebSocket and one over server-sent events watch the log and the orders while their lines break in
 * the middle of frames, and while the server is killed with orders on their way and comes back on the same port.
 */
export async function expectLive(connect: Connect, socketRetries: object): Promise<void> {
  await using database = await createTestDatabase(definition.migrations);
  await using first = await startShop(database.url);
  await using line = await openLine(first.url);
  await addTea(first);
  const tokens = vi.fn(() => ({ authorization: 'Bearer none' }));
  const overSocket = createClient({
    url: `ws://127.0.0.1:${line.port}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: tokens,
    ...socketRetries,
  });
  const watchers = [overSocket, eventStream({ url: `http://127.0.0.1:${line.port}/graphql` })].map(
    (transport) => new Watcher(transport, (recorded) => connect(recorded, first.graphql)),
  );
  await Promise.all(idsOf('before', 10).map((id) => placeOrder(first, id)));
  await expectWhole(watchers, first);

  let isCutting = true;
  const cutting = line.cutAfter([500, 1_300, 700, 2_100, 900, 600, 1_700, 800]).then(() => {
    isCutting = false;
  });
  // A line breaks only where something passes.
  for (let placed = 0; isCutting; placed += 1) await placeOrder(first, `cut-${placed}`);
  await cutting;
  await expectWhole(watchers, first);
  expect(tokens.mock.calls.length).toBeGreaterThan(2);

  let running = first;
  const placed = idsOf('meanwhile', 15).map((id) => placeUntilAnswered(() => running, id));
  await Promise.any(placed);
  await first.end('SIGKILL');
  await using second = await startShop(database.url, { port: first.port });
  running = second;
  await Promise.all(placed);
  await expectWhole(watchers, second);
  for (const watcher of watchers) watcher.expectNothingTwice();
  await overSocket.dispose();
}

async function expectWhole(watchers: readonly Watcher[], shop: ServedProgram): Promise<void> {
  await vi.waitFor(async () => {
    const [log, orders] = await Promise.all([readLog(shop), readOrders(shop)]);
    for (const watcher of watchers) {
      expect(watcher.log).toEqual(log);
      expect(watcher.orders).toEqual(orders);
    }
  }, waiting);
}

/** What one client saw, and what its transport gave for it. */
class Watcher {
  readonly log: unknown[] = [];
  readonly #states: Frame[] = [];
  readonly #frames: Frame[] = [];

  constructor(transport: Transport, connect: (recorded: Transport) => LiveClient) {
    const client = connect(observed(transport, (result) => this.#record(result)));
    client.watch(watchLog, ({ notifications }) => this.log.push(notifications?.id));
    client.watch(watchOrders, ({ orders }) => {
      if (orders !== undefined) this.#states.push(orders);
    });
  }

  /** The orders of the last result, by id. */
  get orders() {
    const rows = this.#states.at(-1)?.upserted ?? [];
    // Some clients add a `__typename`.
    return rows
      .map(({ id, status, total }) => ({ id, status, total }))
      .sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
  }

  /** The server sent the whole once and then only changes, and the client saw each state once. */
  expectNothingTwice(): void {
    const [snapshot, ...changes] = this.#frames.map(({ kind }) => kind);
    expect(snapshot).toBe('SNAPSHOT');
    expect(changes).toEqual(changes.map(() => 'DELTA'));
    const positions = this.#states.map(({ position }) => Number(position));
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
  }

  #record({ data }: OperationResult): void {
    const frame = data?.orders as Frame | undefined;
    if (frame !== undefined) this.#frames.push(frame);
  }
}

function idsOf(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** A network error says nothing about whether the order was placed: the same command is sent again. */
async function placeUntilAnswered(shop: () => ServedProgram, id: string): Promise<void> {
  for (;;) {
    try {
      return await placeOrder(shop(), id);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await delay(20);
    }
  }
}
