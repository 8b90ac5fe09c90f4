import { z } from 'zod';
import { event } from '../../domain/event.ts';
import { Amount, Id } from '../amounts.ts';
import { Lines } from '../lines.ts';

const customerTags = ({ customerId }: { readonly customerId: string | null }): readonly string[] =>
  customerId === null ? [] : [`customer:${customerId}`];

/** What was sold, to whom: an order's own facts, repeated where someone needs them without reading back. */
const Sale = z.object({
  orderId: Id,
  customerId: Id.nullable(),
  country: z.string().nullable(),
  lines: Lines,
  total: Amount,
});

/** `needsStock` is false for sales of the past, which left the shelf long ago. */
export const OrderPlaced = event('OrderPlaced', Sale.extend({ needsStock: z.boolean() }), {
  tags: customerTags,
});
export const OrderPaid = event(
  'OrderPaid',
  z.object({ orderId: Id, customerId: Id.nullable(), total: Amount }),
  { tags: customerTags },
);
export const OrderShipped = event(
  'OrderShipped',
  z.object({ orderId: Id, customerId: Id.nullable(), carrier: z.string() }),
  { tags: customerTags },
);
export const OrderCancelled = event(
  'OrderCancelled',
  Sale.extend({ placedOn: z.iso.date(), reason: z.string().nullable() }),
  { tags: customerTags },
);
/** What was paid for an order that is cancelled goes back. The sale itself is taken off by the cancellation. */
export const OrderRefunded = event(
  'OrderRefunded',
  z.object({ orderId: Id, customerId: Id.nullable(), amount: Amount, reason: z.string().nullable() }),
  { tags: customerTags },
);

export const ItemsReturned = event(
  'ItemsReturned',
  z.object({
    returnId: Id,
    orderId: Id.nullable(),
    customerId: Id.nullable(),
    country: z.string().nullable(),
    lines: Lines,
    total: Amount,
  }),
  { tags: (data) => [...customerTags(data), ...(data.orderId === null ? [] : [`order:${data.orderId}`])] },
);

export const orderEvents = [
  OrderPlaced,
  OrderPaid,
  OrderShipped,
  OrderCancelled,
  OrderRefunded,
  ItemsReturned,
];
