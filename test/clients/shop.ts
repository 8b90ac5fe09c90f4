import { join } from 'node:path';
import { masterKeys } from '../cli/run-livefold.ts';
import { ServedProgram } from '../support/served-program.ts';

/** The file that `livefold` is. */
export const cli = join(import.meta.dirname, '../../src/cli/livefold.ts');

/** The shop as `livefold start` runs it, on a given database and, when it comes back, a given port. */
export async function startShop(
  databaseUrl: string,
  { port = '0', command = ['start'] } = {},
): Promise<ServedProgram> {
  return ServedProgram.start([cli, ...command], {
    env: { DATABASE_URL: databaseUrl, LIVEFOLD_KEYS: masterKeys, PORT: port },
  });
}

/** A product whose units are not counted, for orders to be about. */
export async function addTea(shop: ServedProgram): Promise<void> {
  await shop.data(
    'mutation { addProduct(input: { sku: "TEA", name: "Tea", price: "4.50" }) { receipt { position } } }',
  );
}

/** Places an order of one packet of tea. Sent again after a failure, it is the same command. */
export async function placeOrder(shop: ServedProgram, orderId: string): Promise<void> {
  const input = { orderId, lines: [{ sku: 'TEA', quantity: 1 }] };
  const query =
    'mutation ($input: PlaceOrderInput!, $id: ID) { placeOrder(input: $input, commandId: $id) { receipt { position } } }';
  await shop.data(query, { input, id: `place-${orderId}` });
}

/** The ids of all notifications, in order. */
export async function readLog(shop: ServedProgram): Promise<readonly string[]> {
  const { notificationLog } = await shop.data('{ notificationLog(first: 1000) { nodes { id } } }');
  return notificationLog.nodes.map(({ id }: { id: string }) => id);
}

/** The position of the last event. */
export async function readHead(shop: ServedProgram): Promise<string> {
  const { projections } = await shop.data('{ projections { head } }');
  return projections[0].head;
}

export type OrderView = { readonly id: string; readonly status: string; readonly total: string };

/** All orders as the query shows them, by id. */
export async function readOrders(shop: ServedProgram): Promise<readonly OrderView[]> {
  const { orders } = await shop.data(
    '{ orders(first: 500, orderBy: { field: ID }) { nodes { id status total } } }',
  );
  return orders.nodes;
}
