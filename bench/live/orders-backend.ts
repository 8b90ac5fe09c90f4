import { lineOf } from '../../src/app/lines.ts';
import { Order } from '../../src/app/orders/order.ts';
import { Orders } from '../../src/app/orders/orders-projection.ts';
import { shop } from '../../src/app/shop.ts';
import { type AnyProjection, variantOf } from '../../src/consumption/projection.ts';
import type { Backend } from '../../src/graphql/backend.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import { createId } from '../../src/kernel/ids.ts';

/** A table that nothing reaches: the schema speaks of it. */
const asleep = (projection: AnyProjection): AnyProjection => {
  const query = { items: [{ types: ['NothingOfTheShop'] }] };
  return variantOf(projection, { types: [], query, handlerOf: () => undefined });
};

/** The shop's orders, and nothing that works beside them. */
export const ordersBackend: BackendDefinition = {
  ...shop,
  projections: shop.projections.map((one) => (one === Orders ? one : asleep(one))),
  processManagers: [],
};

export type Writing = {
  readonly seconds: number;
  /** Milliseconds from one order to the next; as fast as they can be stored, 16 at once, when left out. */
  readonly every?: number;
  /** Over how many customers the orders are spread. */
  readonly customers: number;
};

/** Places orders, and says how many. */
export async function placeOrders(
  { execute }: Pick<Backend, 'execute'>,
  { seconds, every, customers }: Writing,
): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  let placed = 0;
  const place = async (): Promise<void> => {
    placed += 1;
    const orderId = createId();
    const lines = [lineOf({ sku: 'TEA', name: 'Earl Grey, 100 g', quantity: 2, unitPrice: '4.95' })];
    const customerId = `c${placed % customers}`;
    await execute(
      Order.commands.place(orderId, { orderId, customerId, country: null, lines, needsStock: false }),
    );
  };
  if (every === undefined) {
    const work = async (): Promise<void> => {
      while (performance.now() < end) await place();
    };
    await Promise.all(Array.from({ length: 16 }, work));
    return placed;
  }
  const running = new Set<Promise<void>>();
  // Several at a time where they are due faster than timers can be.
  let due = performance.now();
  while (performance.now() < end) {
    for (; due <= performance.now(); due += every) {
      const one = place().finally(() => running.delete(one));
      running.add(one);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, due - performance.now())));
  }
  await Promise.all(running);
  return placed;
}
