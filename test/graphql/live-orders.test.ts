import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { lineOf } from '../../src/app/lines.ts';
import { Order } from '../../src/app/orders/order.ts';
import { Orders } from '../../src/app/orders/orders-projection.ts';
import { shop } from '../../src/app/shop.ts';
import type { Filter } from '../../src/consumption/filter.ts';
import { runningProjection } from '../../src/graphql/at-least.ts';
import { isLivefoldError } from '../../src/kernel/errors.ts';
import { type RunningBackend, startBackend } from '../../src/main/start-backend.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { LiveClient, type Watched } from './live-client.ts';

// Fulfilment would act on its own: here each write is the test's.
const orders = { ...shop, processManagers: [] };

let created: TestDatabase;
let one: RunningBackend;
let other: RunningBackend;
beforeAll(async () => {
  created = await createTestDatabase(orders.migrations);
  one = await startBackend(orders, { databaseUrl: created.url, masterKeys });
  other = await startBackend(orders, { databaseUrl: created.url, masterKeys });
});
afterAll(async () => {
  await Promise.all([one.stop(), other.stop()]);
  await created.drop();
});

const watched = (backend: RunningBackend): Watched => ({
  running: runningProjection(backend, 'orders'),
  models: backend.models,
});

const orderId = fc.integer({ min: 1, max: 12 }).map((number) => `o${number}`);
const customer = fc.constantFrom('ada', 'grace', null);
const price = fc.constantFrom('1.5', '1.50', '10', '9', '0.0001');
const write = fc.record({
  kind: fc.constantFrom('place', 'place', 'pay', 'ship', 'cancel'),
  orderId,
  customer,
  price,
  quantity: fc.integer({ min: 1, max: 9 }),
});
type Write = typeof write extends fc.Arbitrary<infer Value> ? Value : never;

/** Each round's ids are its own: the runs share a database. */
function commandOf(asked: Write, round: string) {
  const id = `${round}-${asked.orderId}`;
  if (asked.kind === 'pay') return Order.commands.pay(id, {});
  if (asked.kind === 'ship') return Order.commands.ship(id, { carrier: 'Post' });
  if (asked.kind === 'cancel') return Order.commands.cancel(id, {});
  const lines = [lineOf({ sku: 'TEA', name: 'Tea', quantity: asked.quantity, unitPrice: asked.price })];
  return Order.commands.place(id, {
    orderId: id,
    customerId: asked.customer,
    country: null,
    lines,
    needsStock: true,
  });
}

async function attempt(backend: RunningBackend, asked: Write, round: string): Promise<void> {
  try {
    await backend.execute(commandOf(asked, round));
  } catch (error) {
    if (!isLivefoldError(error, 'COMMAND_REJECTED')) throw error;
  }
}

const status = fc.constantFrom('PLACED', 'PAID', 'SHIPPED', 'CANCELLED', 'REFUNDED');
const total = fc.constantFrom('9', '9.0', '10', '13.5', '0.0001');
const part: fc.Arbitrary<Filter> = fc.oneof(
  status.map((eq) => ({ status: { eq } })),
  status.map((ne) => ({ status: { ne } })),
  fc.uniqueArray(status).map((statuses) => ({ status: { in: statuses } })),
  total.map((gte) => ({ total: { gte } })),
  total.map((eq) => ({ total: { eq } })),
  fc.boolean().map((isNull) => ({ customerId: { isNull } })),
  fc.constant({ customerId: { ne: 'ada' } }),
);
const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc.constant({}),
  part,
  part.map((not) => ({ not })),
  fc.array(part, { maxLength: 2 }).map((or) => ({ or })),
  fc.tuple(part, part).map((and) => ({ and })),
);

const step = fc.record({
  writes: fc.array(write, { minLength: 1, maxLength: 8 }),
  /** Whether the returning client is cut off during these writes, and comes back to which process. */
  comesBack: fc.constantFrom('one', 'other', 'stays'),
});

async function query(asked: Filter) {
  const rows = await one.models.rows(Orders, { filter: asked, limit: 100_000 });
  return rows.map(({ position: _, ...row }) => row);
}

/** Until every process has folded the whole log: then clients are about to hold what the query gives. */
async function quiet(): Promise<void> {
  const head = await one.log.head();
  await Promise.all(
    [one, other].map((backend) => runningProjection(backend, 'orders').waitFor(head, { timeout: 30_000 })),
  );
}

test('whoever watches, with whatever filter, in whichever process, coming and going, holds what the query gives', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(filter, { minLength: 3, maxLength: 3 }),
      fc.array(step, { minLength: 1, maxLength: 6 }),
      async (filters, steps) => {
        runs += 1;
        const round = `r${runs}`;
        const [here = {}, there = {}, moving = {}] = filters.map((asked) => ({
          and: [asked, { id: { startsWith: `${round}-` } }],
        }));
        await using staying = new LiveClient(watched(one), here);
        await using elsewhere = new LiveClient(watched(other), there);
        await using returning = new LiveClient(watched(one), moving);
        for (const { writes, comesBack } of steps) {
          if (comesBack !== 'stays') await returning.disconnect();
          await Promise.all(
            writes.map((asked, index) => attempt(index % 2 === 0 ? one : other, asked, round)),
          );
          if (comesBack !== 'stays') await returning.reconnect(watched(comesBack === 'one' ? one : other));
          await quiet();
          for (const [client, asked] of [
            [staying, here],
            [elsewhere, there],
            [returning, moving],
          ] as const) {
            const expected = await query(asked);
            await vi.waitFor(() => expect(client.held.list()).toEqual(expected), {
              timeout: 10_000,
              interval: 2,
            });
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});
