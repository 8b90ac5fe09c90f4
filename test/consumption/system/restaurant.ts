import { z } from 'zod';
import { application } from '../../../src/consumption/system/application.ts';
import { system } from '../../../src/consumption/system/system.ts';
import { aggregate } from '../../../src/domain/aggregate.ts';
import { event } from '../../../src/domain/event.ts';
import { fold } from '../../../src/domain/fold.ts';
import { everything } from '../../../src/domain/query.ts';
import { reject } from '../../../src/domain/rejection.ts';
import type { EventStore } from '../../../src/persistence/event-store.ts';

/** Three applications in a circle: an order is cooked, then billed, then closed. What comes back to the orders ends there. */
export const OrderPlaced = event('OrderPlaced', z.object({ order: z.string(), meals: z.number() }));
export const OrderClosed = event('OrderClosed', z.object({ order: z.string() }));
export const MealCooked = event('MealCooked', z.object({ order: z.string(), meal: z.number() }));
export const MealBilled = event('MealBilled', z.object({ order: z.string(), meal: z.number() }));

const nothing = z.object({});
const Meal = z.object({ meal: z.number() });

export const Order = aggregate('Order', {
  state: fold<{ left: number }>({ left: 0 })
    .on(OrderPlaced, (_, { data }) => ({ left: data.meals }))
    .on(OrderClosed, () => ({ left: 0 })),
  commands: (command) => ({
    place: command(z.object({ order: z.string(), meals: z.number() }), (_, input) => OrderPlaced(input)),
    close: command(z.object({ order: z.string() }), (order, input) =>
      order.left === 0 ? reject('CLOSED_ALREADY') : OrderClosed(input),
    ),
  }),
});

// Nothing in the domain keeps a meal from being cooked or billed twice: whatever is carried twice shows.
const Pot = aggregate('Pot', {
  state: fold({}),
  commands: (command) => ({
    cook: command(Meal.extend({ order: z.string() }), (_, input) => MealCooked(input)),
    look: command(nothing, () => []),
  }),
});
const Bill = aggregate('Bill', {
  state: fold({}),
  commands: (command) => ({
    add: command(Meal.extend({ order: z.string() }), (_, input) => MealBilled(input)),
  }),
});

export const Orders = application('Orders', { events: [OrderPlaced, OrderClosed] }).on(
  MealBilled,
  ({ data: { order } }) => [Order.commands.close(order, { order })],
);
export const Kitchen = application('Kitchen', { events: [MealCooked] }).on(
  OrderPlaced,
  ({ data: { order, meals } }) => [
    Pot.commands.look(order, {}),
    ...Array.from({ length: meals }, (_, meal) => Pot.commands.cook(order, { order, meal })),
  ],
);
export const Billing = application('Billing', { events: [MealBilled] }).on(MealCooked, ({ data }) => [
  Bill.commands.add(data.order, data),
]);

export const restaurant = system({
  pipes: [
    [Orders, Kitchen, Billing],
    [Billing, Orders],
  ],
});

export const place = (order: string, meals = 2) => Order.commands.place(order, { order, meals });

type Data = { readonly order: string; readonly meal?: number; readonly meals?: number };

/** The events of a log, each as a line; those of one order in their order, orders by name. */
export async function linesOf(store: Pick<EventStore, 'read'>): Promise<readonly string[]> {
  const events = await Array.fromAsync(store.read(everything));
  return events
    .map(({ type, data, position }) => ({ type, position, ...(data as Data) }))
    .toSorted((a, b) => a.order.localeCompare(b.order) || a.position - b.position)
    .map(({ type, order, meal = '', meals = '' }) => `${type} ${order} ${meal}${meals}`.trimEnd());
}

/** What the logs hold in the end, by application, if everything happened once. */
export function expectedLines(orders: readonly string[], meals = 2) {
  const each = (lines: (order: string) => readonly string[]): readonly string[] =>
    orders.toSorted((a, b) => a.localeCompare(b)).flatMap(lines);
  const perMeal = (type: string) =>
    each((order) => Array.from({ length: meals }, (_, meal) => `${type} ${order} ${meal}`));
  return {
    Orders: each((order) => [`OrderPlaced ${order} ${meals}`, `OrderClosed ${order}`]),
    Kitchen: perMeal('MealCooked'),
    Billing: perMeal('MealBilled'),
  };
}
