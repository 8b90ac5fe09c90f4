import { setTimeout as delay } from 'node:timers/promises';
import { lineOf } from '../../src/app/lines.ts';
import { Order } from '../../src/app/orders/order.ts';
import { Product } from '../../src/app/products/product.ts';
import { shop } from '../../src/app/shop.ts';
import { User } from '../../src/app/users/user.ts';
import { changeEmail, registerUser } from '../../src/app/users/user-decisions.ts';
import { type RunningBackend, startBackend } from '../../src/main/start-backend.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { masterKeys } from './run-livefold.ts';

/** The shop in this process, with the keys of the command lines beside it. */
export const startShop = (databaseUrl: string): Promise<RunningBackend> =>
  startBackend(shop, { databaseUrl, masterKeys });

/** A database in which a shop was at work: every kind of event, a user forgotten, all read tables up to date. */
export async function createFilledShop(): Promise<TestDatabase> {
  const created = await createTestDatabase(shop.migrations);
  await using backend = await startShop(created.url);
  await fillShop(backend);
  await settle(backend);
  return created;
}

async function fillShop(backend: RunningBackend): Promise<void> {
  const { execute, repository } = backend;
  for (const sku of ['MUG', 'POT'])
    await execute(Product.commands.add(sku, { sku, name: `The ${sku}`, price: '2.5', stock: 10 }));
  for (const id of ['ada', 'bob', 'eve'])
    await execute(registerUser({ id, email: `${id}@example.org`, name: `${id} Secret`, country: 'Norway' }));
  await execute(changeEmail({ userId: 'bob', email: 'new@example.org' }));
  for (const [index, customerId] of ['ada', 'bob', 'eve', null, 'ada'].entries()) {
    const orderId = `o${index}`;
    await place(backend, { orderId, customerId, needsStock: false });
    if (index % 2 === 0) await execute(Order.commands.pay(orderId, {}), { commandId: `pay ${orderId}` });
    else await execute(Order.commands.cancel(orderId, { reason: 'changed my mind' }));
  }
  await place(backend, { orderId: 'stocked', customerId: 'bob', needsStock: true });
  await execute(Order.commands.pay('stocked', {}));
  while ((await repository.loadFresh(Order, 'stocked')).state.status !== 'shipped') await delay(20);
  await execute(User.commands.forget('eve', { userId: 'eve' }));
}

/** Places an order of two mugs. */
export async function place(
  { execute }: Pick<RunningBackend, 'execute'>,
  order: { readonly orderId: string; readonly customerId: string | null; readonly needsStock: boolean },
): Promise<void> {
  const lines = [lineOf({ sku: 'MUG', name: 'The MUG', quantity: 2, unitPrice: '2.5' })];
  await execute(Order.commands.place(order.orderId, { ...order, country: 'Norway', lines }));
}

/** Places orders that differ in their ids, fifty at a time. */
export async function placeMany(backend: RunningBackend, name: string, count: number): Promise<void> {
  for (let start = 0; start < count; start += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        place(backend, { orderId: `${name}-${start + n}`, customerId: null, needsStock: false }),
      ),
    );
}

/** Waits until all read tables show the whole log. */
export async function settle({ log, projections }: RunningBackend): Promise<void> {
  const head = await log.head();
  for (const running of projections.values()) await running.waitFor(head, { timeout: 30_000 });
}
