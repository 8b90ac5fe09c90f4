import { afterAll, beforeAll, expect, test } from 'vitest';
import { shop as definition } from '../../src/app/shop.ts';
import { onlyError } from '../graphql/requests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { ServedProgram } from '../support/served-program.ts';
import { addTea, readHead, startShop } from './shop.ts';

let database: TestDatabase;
let shop: ServedProgram;
beforeAll(async () => {
  database = await createTestDatabase(definition.migrations);
  shop = await startShop(database.url);
  await addTea(shop);
});
afterAll(async () => {
  await shop.end('SIGTERM');
  await database.drop();
});

const place = `mutation ($input: PlaceOrderInput!, $commandId: ID) {
  placeOrder(input: $input, commandId: $commandId) {
    receipt { position stream version eventIds duplicate }
    order { id status total lines { sku quantity amount } customer { name orderCount totalSpent } }
  }
}`;
const order = (orderId: string, quantity = 2) => ({ orderId, lines: [{ sku: 'TEA', quantity }] });

test('a mutation answers with its receipt and the order, and every query can wait for it', async () => {
  const ada = '{ id: "ada", name: "Ada", country: "Norway" }';
  await shop.data(`mutation { registerUser(input: ${ada}) { receipt { position } } }`);
  const { placeOrder } = await shop.data(place, { input: { ...order('o-1'), customerId: 'ada' } });
  expect(placeOrder.receipt).toMatchObject({ stream: 'Order-o-1', version: 1, duplicate: false });
  expect(placeOrder.order).toEqual({
    id: 'o-1',
    status: 'PLACED',
    total: '9',
    lines: [{ sku: 'TEA', quantity: 2, amount: '9' }],
    customer: { name: 'Ada', orderCount: 1, totalSpent: '9' },
  });
  const query = `query ($after: Position) {
    order(id: "o-1", atLeast: $after) { total }
    product(sku: "TEA", atLeast: $after) { unitsSold revenue }
    dailySales(atLeast: $after) { orders units revenue }
    salesByCountry(atLeast: $after) { country revenue }
  }`;
  expect(await shop.data(query, { after: placeOrder.receipt.position })).toEqual({
    order: { total: '9' },
    product: { unitsSold: 2, revenue: '9' },
    dailySales: [{ orders: 1, units: 2, revenue: '9' }],
    salesByCountry: [{ country: 'Norway', revenue: '9' }],
  });
});

test("the receipt's events are in the log, with what they say", async () => {
  const { placeOrder } = await shop.data(place, { input: order('o-2') });
  const { position, eventIds } = placeOrder.receipt;
  const query =
    'query ($after: Position) { notificationLog(after: $after, first: 1) { nodes { id type data } } }';
  const { notificationLog } = await shop.data(query, { after: String(Number(position) - 1) });
  expect(notificationLog.nodes).toMatchObject([
    { id: eventIds[0], type: 'OrderPlaced', data: { orderId: 'o-2' } },
  ]);
});

test('an order can be seen as it was', async () => {
  await shop.data(place, { input: order('o-3') });
  await shop.data('mutation { cancelOrder(input: { orderId: "o-3" }) { receipt { position } } }');
  const query = '{ was: order(id: "o-3", asOf: { version: 1 }) { status } is: order(id: "o-3") { status } }';
  expect(await shop.data(query)).toEqual({ was: { status: 'PLACED' }, is: { status: 'CANCELLED' } });
});

test('the same command again has the same receipt, and stores nothing', async () => {
  const first = await shop.data(place, { input: order('o-4'), commandId: 'c-4' });
  const head = await readHead(shop);
  const again = await shop.data(place, { input: order('o-4'), commandId: 'c-4' });
  expect(again.placeOrder.receipt).toEqual({ ...first.placeOrder.receipt, duplicate: true });
  expect(await readHead(shop)).toBe(head);
});

test('the same command sent many times at once happens once', async () => {
  const { orderId: _, ...withoutId } = order('');
  const sent = Array.from({ length: 8 }, () => shop.data(place, { input: withoutId, commandId: 'c-5' }));
  const receipts = (await Promise.all(sent)).map(({ placeOrder }) => placeOrder.receipt);
  expect(new Set(receipts.map(({ position }) => position)).size).toBe(1);
  expect(receipts.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
});

test('the same command id with another input is refused, and stores nothing', async () => {
  await shop.data(place, { input: order('o-6'), commandId: 'c-6' });
  const head = await readHead(shop);
  const reused = await shop.post(place, { input: order('o-6', 3), commandId: 'c-6' });
  expect(onlyError(reused).extensions.code).toBe('COMMAND_ID_REUSED');
  expect(await readHead(shop)).toBe(head);
});
