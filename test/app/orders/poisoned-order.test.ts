import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Orders } from '../../../src/app/orders/orders-projection.ts';
import { shop as definition } from '../../../src/app/shop.ts';
import { askParked } from '../../../src/consumption/ask-parked.ts';
import { type Handler, variantOf } from '../../../src/consumption/projection.ts';
import { addProduct, cancelOrder, placeOrder } from '../operations.ts';
import { type ServedShop, serveShop } from '../served-shop.ts';

/** Orders whose fold cannot do with one cancellation, of this order. */
const poisoned = 'o2';
const moody = variantOf(Orders, {
  handlerOf(type): Handler | undefined {
    const handler = Orders.handlerOf(type);
    const fold = handler?.fold;
    if (handler === undefined || fold === undefined || type !== 'OrderCancelled') return handler;
    return {
      ...handler,
      fold(row, event, key) {
        if (key === poisoned) throw new RangeError('It cannot be.');
        return fold(row, event, key);
      },
    };
  },
});
const projections = definition.projections.map((one) => (one === Orders ? moody : one));
const events = `query ($id: ID!) { orderHistory(id: $id) { nodes { type after { status } } } }`;
const single = `query ($id: ID!, $asOf: AsOf) { order(id: $id, asOf: $asOf) { status } }`;
const list = `query ($asOf: AsOf) { orders(asOf: $asOf, orderBy: { field: ID }) { nodes { id status } } }`;
const difference = `query ($id: ID!, $to: AsOf!) { orderDiff(id: $id, from: { version: 1 }, to: $to) { changes { field from to } } }`;

let shop: ServedShop;
let asOf: { readonly position: string };
beforeAll(async () => {
  shop = await serveShop({ definition: { ...definition, projections } });
  await shop.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  for (const orderId of ['o1', poisoned, 'o3'])
    await shop.data(placeOrder, { input: { orderId, lines: [{ sku: 'TEA', quantity: 2 }] } });
  for (const orderId of [poisoned, 'o1'])
    await shop.data(cancelOrder, { input: { orderId, reason: 'why not' } });
  asOf = { position: (await shop.data('{ head }')).head };
});
afterAll(() => shop[Symbol.asyncDispose]());

/** What the four fields say of the last moment. */
async function ask() {
  const statuses = async (id: string) => [
    (await shop.data(single, { id, asOf })).order.status,
    ...(await shop.data(events, { id })).orderHistory.nodes.map(({ type }: { type: string }) => type),
    ...(await shop.data(difference, { id, to: asOf })).orderDiff.changes.map(({ to }: { to: string }) => to),
  ];
  return {
    list: (await shop.data(list, { asOf })).orders.nodes.map(({ status }: { status: string }) => status),
    now: (await shop.data(list)).orders.nodes.map(({ status }: { status: string }) => status),
    healthy: await statuses('o1'),
    poisoned: await statuses(poisoned),
  };
}

test('one order that cannot be folded is what it was before in every past, and the others are as they are, parked and skipped', async () => {
  const expected = {
    list: ['CANCELLED', 'PLACED', 'PLACED'],
    now: ['CANCELLED', 'PLACED', 'PLACED'],
    healthy: ['CANCELLED', 'OrderPlaced', 'OrderCancelled', 'CANCELLED', 'why not'],
    poisoned: ['PLACED', 'OrderPlaced'],
  };
  const { parked } = shop.backend.models;
  await vi.waitFor(async () => expect(await parked.keys('orders')).toEqual([poisoned]));
  expect(await ask()).toEqual(expected);
  await askParked(parked, 'orders', 'skip', { key: poisoned, timeout: 30_000 });
  expect(await parked.keys('orders')).toEqual([]);
  expect(await ask()).toEqual(expected);
});
