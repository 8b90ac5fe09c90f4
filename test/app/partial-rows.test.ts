import { expect, test } from 'vitest';
import { GuardedShop } from './guarded-shop.ts';
import { addProduct, cancelOrder, placeOrder, registerUser } from './operations.ts';
import { idsOf, type Orders, readOrders } from './watching.ts';

const lines = [{ sku: 'TEA', quantity: 1 }];

test('in a process that folds nothing, a customer hears of no row of others and of all its own', async () => {
  await using shop = await GuardedShop.serve();
  await using serving = await GuardedShop.serve(shop, { project: false });
  const staff = shop.as(await shop.issuer.token('sam', { roles: ['staff'] }));
  const customer = (subject: string) => shop.issuer.token(subject, { roles: ['customer'] });
  const place = (orderId: string, customerId: string) =>
    staff.data(placeOrder, { input: { orderId, customerId, lines } });
  await staff.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  for (const id of ['barbara', 'grace']) await staff.data(registerUser, { input: { id, name: id } });
  await place('far-1', 'barbara');
  const next = readOrders(serving.client(await customer('barbara')));
  const first = await next();
  expect(idsOf(first)).toContain('far-1');
  const frames: Orders[] = [];
  for (const n of [2, 3, 4]) {
    await place(`other-${n}`, 'grace');
    await staff.data(cancelOrder, { input: { orderId: `other-${n}` } });
    await place(`far-${n}`, 'barbara');
    while (!frames.flatMap(idsOf).includes(`far-${n}`)) frames.push(await next());
  }
  expect(frames.map(({ kind }) => kind)).not.toContain('SNAPSHOT');
  expect(frames.flatMap(idsOf)).toEqual(['far-2', 'far-3', 'far-4']);
  expect(frames.flatMap(({ removed }) => removed)).toEqual([]);
  // Who comes back does not say what it holds, so it is given all that it may see.
  await place('far-5', 'barbara');
  const back = readOrders(serving.client(await customer('barbara')), { after: frames.at(-1)?.position });
  const frame = await back();
  expect(frame.kind).toBe('SNAPSHOT');
  expect(idsOf(frame)).toContain('far-5');
  expect(frame.removed).toEqual([]);
});
