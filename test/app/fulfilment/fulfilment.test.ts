import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { lineOf } from '../../../src/app/lines.ts';
import { Order } from '../../../src/app/orders/order.ts';
import { Product } from '../../../src/app/products/product.ts';
import { Products } from '../../../src/app/products/products-projection.ts';
import { shop } from '../../../src/app/shop.ts';
import { everything } from '../../../src/domain/query.ts';
import { isLivefoldError } from '../../../src/kernel/errors.ts';
import { type RunningBackend, startBackend } from '../../../src/main/start-backend.ts';
import { masterKeys } from '../../cli/run-livefold.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const day = 24 * 60 * 60 * 1_000;
const start = new Date('2024-03-01T12:00:00Z');

let created: TestDatabase;
let backend: RunningBackend;
let now: Date;
beforeEach(async () => {
  created = await createTestDatabase(shop.migrations);
  now = start;
  backend = await startShop();
});
afterEach(async () => {
  await backend.stop();
  await created.drop();
});

const startShop = (): Promise<RunningBackend> =>
  startBackend(shop, { databaseUrl: created.url, masterKeys, clock: () => now });

const addTea = (stock: number | null) =>
  backend.execute(Product.commands.add('TEA', { sku: 'TEA', name: 'Tea', price: '1', stock }));

function place(orderId: string, ...quantities: readonly number[]) {
  const lines = quantities.map((quantity) => lineOf({ sku: 'TEA', name: 'Tea', quantity, unitPrice: '1' }));
  return backend.execute(
    Order.commands.place(orderId, { orderId, customerId: null, country: null, lines, needsStock: true }),
  );
}

const pay = (orderId: string) => backend.execute(Order.commands.pay(orderId, {}));
const cancel = (orderId: string) => backend.execute(Order.commands.cancel(orderId, {}));

async function typesOf(orderId: string): Promise<readonly string[]> {
  const events = await Array.fromAsync(backend.store.read(everything));
  return events.filter(({ data }) => Object(data).orderId === orderId).map(({ type }) => type);
}

async function statusOf(orderId: string): Promise<string> {
  return (await backend.repository.loadFresh(Order, orderId)).state.status;
}

const becomes = (orderId: string, ...types: readonly string[]) =>
  vi.waitFor(async () => expect(await typesOf(orderId)).toEqual(types), { timeout: 20_000, interval: 10 });

/** What the read table says is left. */
async function stockLeft(): Promise<unknown> {
  await backend.projections.get('products')?.waitFor(await backend.log.head(), { timeout: 20_000 });
  const [tea] = await backend.models.find(Products, ['TEA']);
  return tea?.stock;
}

/** Until fulfilment has seen all that happened, what it did about it included. */
async function settle(): Promise<void> {
  await vi.waitFor(async () => {
    const [row] = await backend.database.session.execute(
      sql`select position::int from livefold.tracking where consumer = 'process:fulfilment'`,
    );
    expect(row).toEqual({ position: await backend.log.head() });
  }, 30_000);
}

async function processesLeft(): Promise<number> {
  const [row] = await backend.database.session.execute<{ left: number }>(
    sql`select (select count(*) from livefold.processes)::int + (select count(*) from livefold.timers)::int as left`,
  );
  return row?.left ?? -1;
}

test('a paid order is reserved and shipped', async () => {
  await addTea(10);
  await place('1', 2, 3);
  await pay('1');
  await becomes('1', 'OrderPlaced', 'OrderPaid', 'StockReserved', 'OrderShipped');
  expect(await stockLeft()).toBe(5);
  await vi.waitFor(async () => expect(await processesLeft()).toBe(0), 10_000);
});

test('a paid order that is out of stock is refunded', async () => {
  await addTea(4);
  await place('1', 5);
  await pay('1');
  await becomes('1', 'OrderPlaced', 'OrderPaid', 'StockRefused', 'OrderCancelled', 'OrderRefunded');
  expect(await statusOf('1')).toBe('refunded');
  expect(await stockLeft()).toBe(4);
  await vi.waitFor(async () => expect(await processesLeft()).toBe(0), 10_000);
});

test('an order of more than a line may have is refused like any other, and the next ones go on', async () => {
  await addTea(4);
  await place('1', 1_000_000, 1_000_000);
  await pay('1');
  await becomes('1', 'OrderPlaced', 'OrderPaid', 'StockRefused', 'OrderCancelled', 'OrderRefunded');
  await place('2', 1);
  await pay('2');
  await becomes('2', 'OrderPlaced', 'OrderPaid', 'StockReserved', 'OrderShipped');
});

test('an order that is cancelled while its reservation is on its way gives the units back', async () => {
  await addTea(10);
  await place('1', 2);
  // In one append, so that the reservation cannot come between them.
  await backend.execute([Order.commands.pay('1', {}), Order.commands.cancel('1', {})]);
  await becomes(
    '1',
    'OrderPlaced',
    'OrderPaid',
    'OrderCancelled',
    'OrderRefunded',
    'StockReserved',
    'StockReleased',
  );
  expect(await stockLeft()).toBe(10);
});

test('orders that are cancelled at any moment leave no unit reserved and none lost', async () => {
  await addTea(100);
  const ids = Array.from({ length: 12 }, (_, index) => `${index}`);
  await Promise.all(ids.map((id) => place(id, 1)));
  const shopping = ids.map(async (id, index) => {
    await pay(id);
    for (let turn = 0; turn < index; turn += 1) await backend.log.head();
    await cancel(id).catch((error: unknown) => {
      if (!isLivefoldError(error, 'COMMAND_REJECTED')) throw error;
    });
  });
  await Promise.all(shopping);
  await settle();
  const statuses = await Promise.all(ids.map(statusOf));
  expect(await stockLeft()).toBe(100 - statuses.filter((status) => status === 'shipped').length);
  for (const status of statuses) expect(['shipped', 'refunded']).toContain(status);
  expect(await processesLeft()).toBe(0);
});

test('32 paid orders at once for 10 units: exactly 10 are shipped', async () => {
  await addTea(10);
  const ids = Array.from({ length: 32 }, (_, index) => `${index}`);
  await Promise.all(ids.map((id) => place(id, 1)));
  await using other = await startBackend(shop, { databaseUrl: created.url, masterKeys, clock: () => now });
  await Promise.all(
    ids.map((id, index) => (index % 2 === 0 ? backend : other).execute(Order.commands.pay(id, {}))),
  );
  await settle();
  const statuses = await Promise.all(ids.map(statusOf));
  expect(statuses.filter((status) => status === 'shipped')).toHaveLength(10);
  expect(statuses.filter((status) => status === 'refunded')).toHaveLength(22);
  expect(await stockLeft()).toBe(0);
});

describe('an order that is not paid for 7 days', () => {
  /** Something that sets a timer makes the shop look at its clock. */
  const tick = (orderId: string) => place(orderId, 1);

  test('is cancelled then, not before', async () => {
    await addTea(null);
    await place('1', 1);
    await becomes('1', 'OrderPlaced');
    now = new Date(start.getTime() + 7 * day - 1);
    await tick('2');
    await vi.waitFor(async () => expect(await processesLeft()).toBe(4), 10_000);
    expect(await typesOf('1')).toEqual(['OrderPlaced']);
    now = new Date(start.getTime() + 7 * day);
    await tick('3');
    await becomes('1', 'OrderPlaced', 'OrderCancelled');
    expect(await typesOf('2')).toEqual(['OrderPlaced']);
  });

  test('is cancelled after a restart, if that is what it takes', async () => {
    await addTea(null);
    await place('1', 1);
    await vi.waitFor(async () => expect(await processesLeft()).toBe(2), 10_000);
    await backend.stop();
    now = new Date(start.getTime() + 8 * day);
    backend = await startShop();
    await becomes('1', 'OrderPlaced', 'OrderCancelled');
  });

  test('stays when its payment came while nobody looked', async () => {
    await addTea(null);
    await place('1', 1);
    await vi.waitFor(async () => expect(await processesLeft()).toBe(2), 10_000);
    await backend.stop();
    backend = await startBackend(
      { ...shop, processManagers: [] },
      { databaseUrl: created.url, masterKeys, clock: () => now },
    );
    await pay('1');
    await backend.stop();
    now = new Date(start.getTime() + 8 * day);
    backend = await startShop();
    await becomes('1', 'OrderPlaced', 'OrderPaid', 'StockReserved', 'OrderShipped');
  });
});

test('orders of the past start nothing', async () => {
  const lines = [lineOf({ sku: 'TEA', name: 'Tea', quantity: 1, unitPrice: '1' })];
  const { place: sell, pay: settle, ship } = Order.commands;
  const past = { orderId: '1', customerId: null, country: null, lines, needsStock: false };
  await addTea(3);
  await backend.execute([sell('1', past), settle('1', {}), ship('1', { carrier: 'Post' })]);
  await place('2', 1);
  await pay('2');
  await becomes('2', 'OrderPlaced', 'OrderPaid', 'StockReserved', 'OrderShipped');
  expect(await typesOf('1')).toEqual(['OrderPlaced', 'OrderPaid', 'OrderShipped']);
  expect(await stockLeft()).toBe(2);
});
