import { setTimeout as delay } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { shop as definition } from '../../src/app/shop.ts';
import { createTestDatabase } from '../support/database.ts';
import type { ServedProgram } from '../support/served-program.ts';
import { addTea, type OrderView, placeOrder, readLog, readOrders, startShop } from './shop.ts';

/** `after` is where to resume: it says another position each time it is read. */
type Operation = { readonly query: string; readonly variables: { readonly after: string } };

/** A client under test: subscribes, hands on each frame's data, and returns when the subscription is over for any reason. */
export type Client = {
  readonly subscribe: (operation: Operation, take: (data: Frames) => void) => Promise<void>;
  readonly close: () => void | Promise<void>;
};

type OrderFrame = {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly position: string;
  readonly upserted: readonly OrderView[];
  readonly removed: readonly string[];
};
type Frames = {
  readonly notifications?: { readonly position: string; readonly id: string };
  readonly orders?: OrderFrame;
};

const watchLog = 'subscription ($after: Position) { notifications(after: $after) { position id } }';
const watchOrders =
  'subscription ($after: Position) { orders(after: $after) { kind position upserted { id status total } removed } }';

/**
 * Lets a client watch the log and the orders while the server is killed in the middle of orders being placed and comes
 * back on the same port: in the end the client has each event once, in order, and the orders that the query shows.
 */
export async function expectResuming(connect: (shop: ServedProgram) => Client): Promise<void> {
  await using database = await createTestDatabase(definition.migrations);
  await using first = await startShop(database.url);
  const client = connect(first);
  const log = new Watcher(client, watchLog);
  const orders = new Watcher(client, watchOrders);
  await addTea(first);
  await Promise.all(idsOf('before', 10).map((id) => placeOrder(first, id)));
  await vi.waitFor(() => expect(foldOrders(orders.frames)).toHaveLength(10), waiting);

  let running = first;
  const placed = idsOf('meanwhile', 20).map((id) => placeUntilAnswered(() => running, id));
  await Promise.any(placed);
  await first.end('SIGKILL');
  await using second = await startShop(database.url, { port: first.port });
  running = second;
  await Promise.all(placed);
  await Promise.all(idsOf('after', 10).map((id) => placeOrder(second, id)));

  const events = await readLog(second);
  expect(events.length).toBeGreaterThanOrEqual(41);
  await vi.waitFor(async () => {
    expect(log.frames.map(({ notifications }) => notifications?.id)).toEqual(await readLog(second));
    expect(foldOrders(orders.frames)).toEqual(await readOrders(second));
  }, waiting);
  expectOnlyDeltas(orders.frames);
  await Promise.all([log.stop(), orders.stop(), client.close()]);
}

const waiting = { timeout: 20_000, interval: 100 };

/** Subscribes, and whenever the subscription is over subscribes again behind the last frame. */
class Watcher {
  readonly frames: Frames[] = [];
  readonly #done: Promise<void>;
  #isStopped = false;

  constructor(client: Client, query: string) {
    this.#done = this.#watch(client, query);
  }

  async #watch(client: Client, query: string): Promise<void> {
    const { frames } = this;
    const variables = {
      get after() {
        return positionOf(frames.at(-1));
      },
    };
    while (!this.#isStopped) {
      await client.subscribe({ query, variables }, (data) => {
        if (!this.#isStopped) frames.push(data);
      });
      await delay(20);
    }
  }

  /** Ends with the client's connection. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#done;
  }
}

function positionOf(frame: Frames | undefined): string {
  return (frame?.notifications ?? frame?.orders)?.position ?? '0';
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

function foldOrders(frames: readonly Frames[]): readonly OrderView[] {
  const held = new Map<string, OrderView>();
  for (const { orders } of frames) {
    if (orders?.kind === 'SNAPSHOT') held.clear();
    // Some clients add a `__typename`.
    for (const { id, status, total } of orders?.upserted ?? []) held.set(id, { id, status, total });
    for (const id of orders?.removed ?? []) held.delete(id);
  }
  return [...held.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A client that resumes where it was is not sent the whole again, nor a change that it has. */
function expectOnlyDeltas(frames: readonly Frames[]): void {
  const [snapshot, ...deltas] = frames.map(({ orders }) => orders);
  expect(snapshot?.kind).toBe('SNAPSHOT');
  expect(deltas.map((frame) => frame?.kind)).toEqual(deltas.map(() => 'DELTA'));
  const positions = frames.map((frame) => Number(positionOf(frame)));
  expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
}
