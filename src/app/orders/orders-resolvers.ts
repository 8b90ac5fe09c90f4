import type { AggregateCommand } from '../../domain/aggregate.ts';
import { idOf } from '../../domain/aggregate.ts';
import { waitForProjections } from '../../graphql/at-least.ts';
import { found } from '../../graphql/found.ts';
import { diffField, historyField, readRowAsOf } from '../../graphql/history-fields.ts';
import { liveField } from '../../graphql/live-field.ts';
import { type MutationOptions, mutate } from '../../graphql/mutate.ts';
import { rowsField } from '../../graphql/row-fields.ts';
import { createId } from '../../kernel/ids.ts';
import type { ShopContext } from '../shop-context.ts';
import type { OrderOrderField, PlaceOrderInput, Resolvers, ReturnItemsInput } from '../shop-schema.ts';
import { Users } from '../users/users-projection.ts';
import { completeLines, customerOf, rejected } from './complete-lines.ts';
import { Order, type OrderState } from './order.ts';
import { lineChanges, orderHistory } from './order-history.ts';
import { Orders } from './orders-projection.ts';
import { Returns } from './return.ts';

const orderFields: Readonly<Record<OrderOrderField, string>> = {
  ID: 'id',
  PLACED_AT: 'placedAt',
  TOTAL: 'total',
};

/** An order's row and its customer's: what a payload shows. */
const payloadProjections = [Orders.name, Users.name];

export const ordersResolvers: Resolvers = {
  Order: {
    customer: ({ customerId }, _, { loadUser }) => (customerId === null ? null : loadUser(customerId)),
  },
  OrderHistoryEntry: {
    position: ({ notification }) => notification.position,
    version: ({ notification }) => notification.version,
    type: ({ notification }) => notification.type,
    actor: ({ notification }) => notification.actor,
    occurredAt: ({ notification }) => notification.occurredAt,
    recordedAt: ({ notification }) => notification.recordedAt,
    lines: ({ before, after }) => lineChanges(before, after),
  },
  OrderDiff: {
    lines: ({ from, to }) => lineChanges(from, to),
  },
  OrderLineChange: {
    sku: ({ key }) => key,
  },
  Return: {
    order: ({ orderId }, _, { loadOrder }) => (orderId === null ? null : loadOrder(orderId)),
    customer: ({ customerId }, _, { loadUser }) => (customerId === null ? null : loadUser(customerId)),
  },
  Query: {
    order: async (_, { id, asOf, atLeast }, context) => {
      const { backend, loadOrder, signal } = context;
      await waitForProjections(backend, [Orders.name], atLeast, signal);
      return asOf ? readRowAsOf(context, Orders, { ...orderHistory, key: id, asOf }) : loadOrder(id);
    },
    orders: rowsField(Orders, orderFields, orderHistory),
    orderHistory: historyField(Orders, orderHistory),
    orderDiff: diffField(Orders, orderHistory),
  },
  Mutation: {
    placeOrder: async (_, { input, commandId }, context) =>
      mutateOrder(context, await placeOrder(context, input), { commandId, request: ['placeOrder', input] }),
    payOrder: async (_, { input, commandId }, context) => {
      await checkOrder(context, input.orderId);
      return mutateOrder(context, Order.commands.pay(input.orderId, {}), {
        commandId,
        request: ['payOrder', input],
      });
    },
    shipOrder: (_, { input, commandId }, context) =>
      mutateOrder(context, Order.commands.ship(input.orderId, input), {
        commandId,
        request: ['shipOrder', input],
      }),
    cancelOrder: async (_, { input, commandId }, context) => {
      await checkOrder(context, input.orderId);
      return mutateOrder(context, Order.commands.cancel(input.orderId, input), {
        commandId,
        request: ['cancelOrder', input],
      });
    },
    returnItems: async (_, { input, commandId }, context) => {
      const command = await takeBack(context, input);
      const receipt = await mutate(context, command, {
        commandId,
        request: ['returnItems', input],
        projections: payloadProjections,
      });
      const { state } = await context.backend.repository.load(Returns, idOf(Returns, receipt.stream));
      return { receipt, return: found(state) };
    },
  },
  Subscription: {
    orders: liveField('orders', Orders),
  },
};

async function placeOrder(
  { backend: { repository } }: ShopContext,
  input: PlaceOrderInput,
): Promise<AggregateCommand<OrderState>> {
  const orderId = input.orderId ?? createId();
  const customerId = input.customerId ?? null;
  const [lines, customer] = await Promise.all([
    completeLines(repository, input.lines),
    customerOf(repository, customerId),
  ]);
  if (customer?.isForgotten === true)
    throw rejected('USER_FORGOTTEN', `the user ${customerId} was forgotten`);
  const country = customer?.country ?? null;
  return Order.commands.place(orderId, { orderId, customerId, country, lines, needsStock: true });
}

/** Refuses the order of another as if it were not there, before anything else is looked at. */
async function checkOrder(context: ShopContext, orderId: string): Promise<void> {
  // Whoever sees all orders needs no look.
  if (context.session.permissions.rowFilter(Orders.name) !== undefined) await findOrder(context, orderId);
}

/**
 * The order, unless the caller may not see it: then it is as unknown as one that was never placed. From the log, so that an
 * order placed a moment ago is there.
 *
 * @throws LivefoldError `COMMAND_REJECTED` with reason `UNKNOWN_ORDER`
 */
async function findOrder({ backend: { repository }, session }: ShopContext, orderId: string) {
  const { state } = await repository.load(Order, orderId);
  if (state.status !== 'none' && session.permissions.sees('Order', state)) return state;
  throw rejected('UNKNOWN_ORDER', `there is no order ${orderId}`);
}

async function takeBack(context: ShopContext, input: ReturnItemsInput) {
  const { repository } = context.backend;
  const returnId = input.returnId ?? createId();
  const orderId = input.orderId ?? null;
  const order = orderId === null ? null : await findOrder(context, orderId);
  const customerId = input.customerId ?? order?.customerId ?? null;
  const [lines, customer] = await Promise.all([
    completeLines(repository, input.lines),
    customerOf(repository, customerId),
  ]);
  return Returns.commands.takeBack(returnId, {
    returnId,
    orderId,
    customerId,
    country: customer?.country ?? order?.country ?? null,
    lines,
  });
}

async function mutateOrder(
  context: ShopContext,
  command: AggregateCommand<OrderState>,
  options: Omit<MutationOptions, 'projections'>,
) {
  const receipt = await mutate(context, command, { ...options, projections: payloadProjections });
  return { receipt, order: found(await context.loadOrder(idOf(Order, receipt.stream))) };
}
