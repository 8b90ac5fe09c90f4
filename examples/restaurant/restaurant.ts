import { aggregate, application, event, fold, reject, system } from 'livefold';
import { z } from 'zod';

const orderNumber = z.object({ order: z.string() });

export const OrderPlaced = event('OrderPlaced', orderNumber.extend({ meals: z.array(z.string()) }));
export const OrderServed = event('OrderServed', orderNumber);
export const MealsCooked = event('MealsCooked', orderNumber.extend({ meals: z.number() }));

export const Order = aggregate('Order', {
  state: fold<{ status: 'none' | 'placed' | 'served' }>({ status: 'none' })
    .on(OrderPlaced, () => ({ status: 'placed' }))
    .on(OrderServed, () => ({ status: 'served' })),
  commands: (command) => ({
    place: command(OrderPlaced.schema, ({ status }, input) =>
      status === 'none' ? OrderPlaced(input) : reject('ORDER_EXISTS'),
    ),
    serve: command(OrderServed.schema, ({ status }, input) =>
      status === 'placed' ? OrderServed(input) : reject('NOT_WAITING'),
    ),
  }),
});

/** What the kitchen remembers of an order is on the kitchen's own log. */
export const Pot = aggregate('Pot', {
  state: fold({ cooked: 0 }).on(MealsCooked, ({ cooked }, { data }) => ({ cooked: cooked + data.meals })),
  commands: (command) => ({ cook: command(MealsCooked.schema, (_, input) => MealsCooked(input)) }),
});

export const Orders = application('Orders', { events: [OrderPlaced, OrderServed] }).on(
  MealsCooked,
  ({ data: { order } }) => [Order.commands.serve(order, { order })],
);

export const Kitchen = application('Kitchen', { events: [MealsCooked] }).on(
  OrderPlaced,
  ({ data: { order, meals } }) => [Pot.commands.cook(order, { order, meals: meals.length })],
);

/** The kitchen follows the orders, and the orders follow the kitchen. */
export const restaurant = system({ pipes: [[Orders, Kitchen, Orders]] });
