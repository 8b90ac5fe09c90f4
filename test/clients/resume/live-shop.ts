import { SalesByCountry } from '../../../src/app/analytics/sales-projections.ts';
import { OrderCancelled, OrderPlaced } from '../../../src/app/orders/order-events.ts';
import { shop } from '../../../src/app/shop.ts';
import { liveProjection } from '../../../src/consumption/live-projection.ts';
import type { BackendDefinition } from '../../../src/graphql/backend-definition.ts';
import { liveField } from '../../../src/graphql/live-field.ts';
import { liveProjectionField } from '../../../src/graphql/live-projection-field.ts';

export type CustomerRow = { readonly placed: number; readonly cancelled: number };

/** What a customer did, folded from the customer's own events whenever somebody asks. */
export const Customers = liveProjection<CustomerRow>('customers', (id) => ({
  items: [{ tags: [`customer:${id}`] }],
}))
  .on(OrderPlaced, (row) => ({ placed: (row?.placed ?? 0) + 1, cancelled: row?.cancelled ?? 0 }))
  .on(OrderCancelled, (row) => row && { ...row, cancelled: row.cancelled + 1 });

const typeDefs = /* GraphQL */ `
  type CountrySalesChanges {
    kind: ChangeKind!
    position: Position!
    upserted: [CountrySales!]!
    removed: [String!]!
    live: Boolean!
  }
  type Customer { placed: Int!, cancelled: Int! }
  extend type Subscription {
    countrySales(after: Position): CountrySalesChanges!
    customer(id: ID!, after: Position): Customer
  }
`;

/** The shop with live fields of every kind that Livefold has. */
export const backend: BackendDefinition = {
  ...shop,
  typeDefs: [shop.typeDefs, typeDefs].flat(),
  resolvers: {
    ...shop.resolvers,
    Subscription: {
      ...shop.resolvers.Subscription,
      countrySales: liveField('countrySales', SalesByCountry),
      customer: liveProjectionField('customer', Customers, ({ id }: { readonly id: string }) => id),
    },
  },
};
