import { z } from 'zod';
import { OrderPaid, OrderPlaced, OrderShipped, orderEvents } from '../../src/app/orders/order-events.ts';
import { ProductAdded, productEvents } from '../../src/app/products/product-events.ts';
import { shop } from '../../src/app/shop.ts';
import { UserRegistered, userEvents } from '../../src/app/users/user-events.ts';
import { event } from '../../src/domain/event.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';

const replaced = new Set<string>(
  [OrderPaid, OrderPlaced, OrderShipped, ProductAdded, UserRegistered].map(({ type }) => type),
);

/** The shop after careless changes: what it stored before it cannot read, each type for another reason. */
export const backend: BackendDefinition = {
  ...shop,
  events: [
    ...[...userEvents, ...productEvents, ...orderEvents].filter(({ type }) => !replaced.has(type)),
    event('OrderPaid', OrderPaid.schema, { schemaVersion: 2 }),
    event('OrderShipped', OrderShipped.schema, {
      schemaVersion: 2,
      upcast: { 1: ({ carrier }) => carrier.name.first },
    }),
    event('ProductAdded', z.object({ sku: z.string(), weight: z.number() })),
    // With care: nothing of this one is lost.
    event('OrderPlaced', z.object({ orderId: z.string(), channel: z.string() }), {
      schemaVersion: 2,
      upcast: { 1: (data) => ({ ...data, channel: 'web' }) },
    }),
  ],
};
