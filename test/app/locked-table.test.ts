import postgres from 'postgres';
import { expect, test } from 'vitest';
import { addProduct, placeOrder, registerUser } from './operations.ts';
import { type ServedShop, serveShop } from './served-shop.ts';

const watchOrders = 'subscription { orders { upserted { id status } } }';
const watchSales = 'subscription { dailySales { upserted { orders } } }';
const readOrders = '{ orders { nodes { id } } }';

async function openForBusiness(shop: ServedShop): Promise<() => Promise<string>> {
  await shop.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  const user = { email: 'ada@example.com', name: 'Ada', country: 'GB' };
  const { registerUser: registered } = await shop.data(registerUser, { input: user });
  const input = { customerId: registered.user.id, lines: [{ sku: 'TEA', quantity: 1 }] };
  return async () => (await shop.data(placeOrder, { input })).placeOrder.order.id;
}

test('while somebody has locked the table of one projection, the others go on, and so do their clients', async () => {
  await using shop = await serveShop();
  const order = await openForBusiness(shop);
  const sql = postgres(shop.databaseUrl, { max: 1 });
  const orders = shop.watch(watchOrders);
  const first = await order();
  const frame = async () => (await orders.next()).value.orders.upserted;
  for (let seen = await frame(); seen.length === 0; seen = await frame());
  const placed: string[] = [];
  await sql.begin(async (transaction) => {
    await transaction`lock table daily_sales in access exclusive mode`;
    for (let n = 0; n < 5; n += 1) {
      placed.push(await order());
      expect(await frame()).toMatchObject([{ id: placed.at(-1), status: 'PLACED' }]);
    }
    const { orders: listed } = await shop.data(readOrders);
    expect(listed.nodes.map(({ id }: { readonly id: string }) => id).sort()).toEqual(
      [first, ...placed].sort(),
    );
  });
  const sales = shop.watch(watchSales);
  const count = async () => (await sales.next()).value.dailySales.upserted[0]?.orders;
  for (let seen = await count(); seen !== 6; seen = await count());
  await sql.end();
});
