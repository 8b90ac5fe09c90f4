import { afterAll, beforeAll, expect, test } from 'vitest';
import { addProduct, cancelOrder, placeOrder, registerUser, returnItems } from '../operations.ts';
import { type ServedShop, serveShop } from '../served-shop.ts';

const days =
  'query ($from: Date, $to: Date, $atLeast: Position) { dailySales(from: $from, to: $to, atLeast: $atLeast) { day orders units revenue returns } }';
const countries =
  'query ($atLeast: Position) { salesByCountry(atLeast: $atLeast) { country orders units revenue returns } }';

let shop: ServedShop;
let now = new Date('2024-03-01T23:59:59.999Z');
beforeAll(async () => {
  shop = await serveShop({ clock: () => now });
  await shop.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '1.0001' } });
  await shop.data(registerUser, { input: { id: 'ada', name: 'Ada', country: 'France' } });
});
afterAll(() => shop[Symbol.asyncDispose]());

const tea = (quantity: number) => ({ sku: 'TEA', quantity });
const place = (orderId: string, quantity: number, customerId?: string) =>
  shop.data(placeOrder, { input: { orderId, customerId, lines: [tea(quantity)] } });

test('sales count on their day, returns on theirs, cancellations are taken off the day of the order', async () => {
  await place('1', 3);
  await place('2', 10_000, 'ada');
  now = new Date('2024-03-02T00:00:00Z');
  await place('3', 1);
  await shop.data(returnItems, { input: { orderId: '2', lines: [tea(4)] } });
  now = new Date('2024-03-03T08:00:00Z');
  const { cancelOrder: cancelled } = await shop.data(cancelOrder, { input: { orderId: '1' } });
  const atLeast = cancelled.receipt.position;
  const first = { day: '2024-03-01', orders: 1, units: 10_000, revenue: '10001', returns: '0' };
  const second = { day: '2024-03-02', orders: 1, units: 1, revenue: '1.0001', returns: '4.0004' };
  expect(await shop.data(days, { atLeast })).toEqual({ dailySales: [first, second] });
  expect(await shop.data(days, { atLeast, from: '2024-03-02' })).toEqual({ dailySales: [second] });
  expect(await shop.data(days, { atLeast, to: '2024-03-01' })).toEqual({ dailySales: [first] });
  expect(await shop.data(countries, { atLeast })).toEqual({
    salesByCountry: [
      { country: 'France', orders: 1, units: 10_000, revenue: '10001', returns: '4.0004' },
      { country: 'Unknown', orders: 1, units: 1, revenue: '1.0001', returns: '0' },
    ],
  });
});

test('a day whose only order is cancelled is gone, for queries and for who watches', async () => {
  now = new Date('2024-05-05T12:00:00Z');
  await place('9', 1);
  const frames = shop.watch(
    'subscription { dailySales(from: "2024-05-01") { kind upserted { day orders revenue } removed live } }',
  );
  expect((await frames.next()).value.dailySales).toMatchObject({
    kind: 'SNAPSHOT',
    upserted: [{ day: '2024-05-05', orders: 1 }],
  });
  const { cancelOrder: cancelled } = await shop.data(cancelOrder, { input: { orderId: '9' } });
  expect((await frames.next()).value.dailySales).toEqual({
    kind: 'DELTA',
    upserted: [],
    removed: ['2024-05-05'],
    live: true,
  });
  expect(await shop.data(days, { from: '2024-05-01', atLeast: cancelled.receipt.position })).toEqual({
    dailySales: [],
  });
  await frames.return?.();
});

test('money is exact, to the fourth decimal and however large', async () => {
  now = new Date('2024-06-01T12:00:00Z');
  const lines = [
    { sku: 'TEA', quantity: 1_000_000, unitPrice: '999999999999.9999' },
    { sku: 'TEA', quantity: 3, unitPrice: '0.1' },
    { sku: 'TEA', quantity: 1, unitPrice: '0.2000' },
  ];
  const { placeOrder: placed } = await shop.data(placeOrder, { input: { lines } });
  expect(placed.order.lines.map(({ amount }: { amount: string }) => amount)).toEqual([
    '999999999999999900',
    '0.3',
    '0.2',
  ]);
  expect(placed.order.total).toBe('999999999999999900.5');
  const { dailySales } = await shop.data(days, { from: '2024-06-01', atLeast: placed.receipt.position });
  expect(dailySales).toEqual([
    { day: '2024-06-01', orders: 1, units: 1_000_004, revenue: '999999999999999900.5', returns: '0' },
  ]);
});
