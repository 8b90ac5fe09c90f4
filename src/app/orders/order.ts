import { z } from 'zod';
import { aggregate } from '../../domain/aggregate.ts';
import { fold } from '../../domain/fold.ts';
import { type Rejection, reject } from '../../domain/rejection.ts';
import { Id } from '../amounts.ts';
import { CommandLines, type Line, totalOf } from '../lines.ts';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, OrderShipped } from './order-events.ts';

type Placed = {
  readonly status: 'placed' | 'paid' | 'shipped' | 'cancelled' | 'refunded';
  readonly orderId: string;
  readonly customerId: string | null;
  readonly country: string | null;
  readonly lines: readonly Line[];
  readonly total: string;
  /** The day it was placed, in UTC. */
  readonly placedOn: string;
};

export type OrderState = { readonly status: 'none' } | Placed;

const Place = z.object({
  orderId: Id,
  customerId: Id.nullable(),
  country: z.string().nullable(),
  lines: CommandLines,
  needsStock: z.boolean(),
});
const Pay = z.object({});
const Ship = z.object({ carrier: z.string().trim().min(1).max(100) });
const Expire = z.object({});
const Cancel = z.object({
  reason: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .nullish()
    .transform((reason) => reason ?? null),
});

/** An order, from placed to shipped, cancelled or refunded. */
export const Order = aggregate('Order', {
  state: fold<OrderState>({ status: 'none' })
    .on(OrderPlaced, (_, { data, occurredAt }) => ({
      status: 'placed',
      ...data,
      placedOn: occurredAt.toISOString().slice(0, 10),
    }))
    .on(OrderPaid, (order) => withStatus(order, 'paid'))
    .on(OrderShipped, (order) => withStatus(order, 'shipped'))
    .on(OrderCancelled, (order) => withStatus(order, 'cancelled'))
    .on(OrderRefunded, (order) => withStatus(order, 'refunded')),
  commands: (command) => ({
    place: command(Place, (order, input) =>
      order.status === 'none'
        ? OrderPlaced({ ...input, total: totalOf(input.lines) })
        : reject('ORDER_EXISTS', `there is an order ${input.orderId} already`),
    ),
    pay: command(Pay, (order) => {
      if (order.status !== 'placed') return refusal(order);
      const { orderId, customerId, total } = order;
      return OrderPaid({ orderId, customerId, total });
    }),
    ship: command(Ship, (order, { carrier }) => {
      if (order.status === 'placed') return reject('ORDER_NOT_PAID');
      if (order.status !== 'paid') return refusal(order);
      const { orderId, customerId } = order;
      return OrderShipped({ orderId, customerId, carrier });
    }),
    cancel: command(Cancel, (order, { reason }) => {
      if (order.status === 'placed') return cancelled(order, reason);
      return order.status === 'paid' ? refunded(order, reason) : refusal(order);
    }),
    // Decided here, not by whoever watches the time: a payment may have come that they have not heard of yet.
    expire: command(Expire, (order) => (order.status === 'placed' ? cancelled(order, 'UNPAID') : [])),
  }),
});

function cancelled({ orderId, customerId, country, lines, total, placedOn }: Placed, reason: string | null) {
  return OrderCancelled({ orderId, customerId, country, lines: [...lines], total, placedOn, reason });
}

/** In one append with the cancellation: nobody keeps the money of an order that is off. */
function refunded(order: Placed, reason: string | null) {
  const { orderId, customerId, total } = order;
  return [cancelled(order, reason), OrderRefunded({ orderId, customerId, amount: total, reason })];
}

function withStatus(order: OrderState, status: Placed['status']): OrderState {
  return order.status === 'none' ? order : { ...order, status };
}

/** Why an order that is not in the right state refuses a command. */
function refusal({ status }: OrderState): Rejection {
  return status === 'none'
    ? reject('UNKNOWN_ORDER', 'there is no such order')
    : reject(`ORDER_${status.toUpperCase()}`);
}
