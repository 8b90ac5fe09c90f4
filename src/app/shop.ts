import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { analyticsResolvers } from './analytics/analytics-resolvers.ts';
import { DailySales, SalesByCountry } from './analytics/sales-projections.ts';
import { Fulfilment } from './fulfilment/fulfilment.ts';
import { orderEvents } from './orders/order-events.ts';
import { Orders } from './orders/orders-projection.ts';
import { ordersResolvers } from './orders/orders-resolvers.ts';
import { productEvents } from './products/product-events.ts';
import { Products } from './products/products-projection.ts';
import { productsResolvers } from './products/products-resolvers.ts';
import { createShopContext } from './shop-context.ts';
import { shopTabs } from './shop-tabs.ts';
import { userEvents } from './users/user-events.ts';
import { Users } from './users/users-projection.ts';
import { usersResolvers } from './users/users-resolvers.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const sdl = (slice: string): string => readFileSync(fromRoot(`schema/${slice}.graphql`), 'utf8');

/** The online shop: users, products, orders, analytics and fulfilment as one backend. */
export const shop: BackendDefinition = {
  name: 'shop',
  typeDefs: ['users', 'products', 'orders', 'analytics', 'permissions'].map(sdl),
  resolvers: mergeResolvers(usersResolvers, productsResolvers, ordersResolvers, analyticsResolvers),
  events: [...userEvents, ...productEvents, ...orderEvents],
  projections: [Users, Products, Orders, DailySales, SalesByCountry],
  processManagers: [Fulfilment],
  migrations: [{ name: 'shop', folder: fromRoot('drizzle/shop') }],
  context: createShopContext,
  roles: ['staff', 'customer'],
  graphiqlTabs: shopTabs,
};

/** Several slices' resolvers as one: each type's fields from all of them. */
function mergeResolvers(...slices: readonly object[]): Readonly<Record<string, object>> {
  const merged = new Map<string, object>();
  for (const [type, fields] of slices.flatMap((slice) => Object.entries(slice)))
    merged.set(type, { ...merged.get(type), ...fields });
  return Object.fromEntries(merged);
}
