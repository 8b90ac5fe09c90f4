import { afterAll, beforeAll, expect, test } from 'vitest';
import { addProduct, cancelOrder, placeOrder, registerUser, restock } from './operations.ts';
import { type ServedShop, serveShop } from './served-shop.ts';

const product =
  'query ($sku: ID!, $atLeast: Position) { product(sku: $sku, atLeast: $atLeast) { stock unitsSold revenue } }';
const user =
  'query ($id: ID!, $atLeast: Position) { user(id: $id, atLeast: $atLeast) { orderCount totalSpent } }';
const orders = `query ($filter: OrderFilter, $orderBy: OrderOrder, $first: Int, $after: String, $atLeast: Position) {
  orders(filter: $filter, orderBy: $orderBy, first: $first, after: $after, atLeast: $atLeast) { nodes { id total } pageInfo { hasNextPage endCursor } }
}`;

let shop: ServedShop;
beforeAll(async () => {
  shop = await serveShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

test('a product counts what was sold of it, less what was cancelled', async () => {
  await shop.data(addProduct, { input: { sku: 'MUG', name: 'Mug', price: '2.5', stock: 3 } });
  const lines = [
    { sku: 'MUG', quantity: 2 },
    { sku: 'MUG', quantity: 1, unitPrice: '0.0001' },
  ];
  await shop.data(placeOrder, { input: { orderId: 'kept', lines } });
  const { placeOrder: placed } = await shop.data(placeOrder, { input: { orderId: 'gone', lines } });
  const { position: atLeast } = placed.receipt;
  const both = { stock: 3, unitsSold: 6, revenue: '10.0002' };
  expect(await shop.data(product, { sku: 'MUG', atLeast })).toEqual({ product: both });
  const { cancelOrder: cancelled } = await shop.data(cancelOrder, { input: { orderId: 'gone' } });
  const one = { stock: 3, unitsSold: 3, revenue: '5.0001' };
  const later = cancelled.receipt.position;
  expect(await shop.data(product, { sku: 'MUG', atLeast: later })).toEqual({ product: one });
});

test('a product whose units nobody counted is counted from the first pallet on', async () => {
  const { addProduct: added } = await shop.data(addProduct, {
    input: { sku: 'POT', name: 'Pot', price: '9' },
  });
  expect(added.product.stock).toBeNull();
  const { restock: restocked } = await shop.data(restock, { input: { sku: 'POT', quantity: 5 } });
  expect(restocked.product).toEqual({ sku: 'POT', stock: 5 });
});

test('a customer has the orders that were not cancelled', async () => {
  await shop.data(registerUser, { input: { id: 'ada', name: 'Ada' } });
  const input = { customerId: 'ada', lines: [{ sku: 'MUG', quantity: 2 }] };
  for (const orderId of ['a1', 'a2', 'a3']) await shop.data(placeOrder, { input: { ...input, orderId } });
  const { cancelOrder: cancelled } = await shop.data(cancelOrder, { input: { orderId: 'a2' } });
  const { position: atLeast } = cancelled.receipt;
  expect(await shop.data(user, { id: 'ada', atLeast })).toEqual({
    user: { orderCount: 2, totalSpent: '10' },
  });
});

test('orders are filtered by number, not by text, and paged in the order asked for', async () => {
  await shop.data(registerUser, { input: { id: 'eve', name: 'Eve' } });
  for (const [orderId, unitPrice] of [
    ['e1', '9.5'],
    ['e2', '10'],
    ['e3', '9.50'],
    ['e4', '100'],
  ])
    await shop.data(placeOrder, {
      input: { orderId, customerId: 'eve', lines: [{ sku: 'MUG', quantity: 1, unitPrice }] },
    });
  const filter = { customerId: { eq: 'eve' }, total: { lt: '100.0' } };
  const orderBy = { field: 'TOTAL', descending: true };
  const { orders: first } = await shop.data(orders, { filter, orderBy, first: 2 });
  expect(first.nodes.map(({ id }: { id: string }) => id)).toEqual(['e2', 'e3']);
  const after = first.pageInfo.endCursor;
  const { orders: rest } = await shop.data(orders, { filter, orderBy, first: 2, after });
  expect(rest).toEqual({
    nodes: [{ id: 'e1', total: '9.5' }],
    pageInfo: { hasNextPage: false, endCursor: expect.any(String) },
  });
  expect(await shop.refusal(orders, { orderBy: { field: 'ID' }, after })).toBe('BAD_USER_INPUT');
});
