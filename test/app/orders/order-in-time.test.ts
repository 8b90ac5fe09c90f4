import { afterAll, beforeAll, expect, test } from 'vitest';
import { addProduct, cancelOrder, placeOrder } from '../operations.ts';
import { type ServedShop, serveShop } from '../served-shop.ts';

const query =
  'query ($id: ID!, $asOf: AsOf) { order(id: $id, asOf: $asOf) { status total cancelReason lines { sku } } }';

let shop: ServedShop;
let id: string;
let placed: { readonly position: string };
let cancelled: { readonly position: string };
beforeAll(async () => {
  shop = await serveShop();
  await shop.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  const first = await shop.data(placeOrder, { input: { lines: [{ sku: 'TEA', quantity: 2 }] } });
  ({ id } = first.placeOrder.order);
  placed = first.placeOrder.receipt;
  ({
    cancelOrder: { receipt: cancelled },
  } = await shop.data(cancelOrder, { input: { orderId: id, reason: 'why not' } }));
});
afterAll(() => shop[Symbol.asyncDispose]());

const asOf = async (moment: object) => (await shop.data(query, { id, asOf: moment })).order;
const before = { status: 'PLACED', total: '9', cancelReason: null, lines: [{ sku: 'TEA' }] };
const after = { ...before, status: 'CANCELLED', cancelReason: 'why not' };

test('at a position an order is what it was behind that event', async () => {
  expect(await asOf({ position: '0' })).toBeNull();
  expect(await asOf({ position: placed.position })).toEqual(before);
  expect(await asOf({ position: cancelled.position })).toEqual(after);
});

test('at a version of its own stream', async () => {
  expect(await Promise.all([-1, 0, 1, 2, 99].map((version) => asOf({ version })))).toEqual([
    null,
    null,
    before,
    after,
    after,
  ]);
});

test('at an instant, as the log stood then', async () => {
  const { notificationLog } = await shop.data(
    `{ notificationLog(after: "${Number(placed.position) - 1}") { nodes { recordedAt } } }`,
  );
  const [first] = notificationLog.nodes;
  const earlier = new Date(Date.parse(first.recordedAt) - 1).toISOString();
  expect(await asOf({ time: earlier })).toBeNull();
  expect(await asOf({ time: new Date(Date.now() + 60_000).toISOString() })).toEqual(after);
});

test('a moment of no order is null, of no log a fault', async () => {
  expect(await shop.data(query, { id: 'none', asOf: { version: 1 } })).toEqual({ order: null });
  expect(await shop.refusal(query, { id, asOf: { position: '999999' } })).toBe('BAD_USER_INPUT');
  expect(await shop.refusal(query, { id, asOf: {} })).toBe('BAD_USER_INPUT');
  expect(await shop.refusal(query, { id, asOf: { version: 1, position: '1' } })).toBe('BAD_USER_INPUT');
});
