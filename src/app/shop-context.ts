import type { GraphQLContext } from '../graphql/context.ts';
import { createRowLoader, type RowLoader } from '../graphql/row-loader.ts';
import { Orders } from './orders/orders-projection.ts';
import { Users } from './users/users-projection.ts';

/** What the shop's resolvers get: the backend, and loaders that bundle look-ups of related rows. */
export type ShopContext = GraphQLContext & {
  readonly loadUser: RowLoader<typeof Users>;
  readonly loadOrder: RowLoader<typeof Orders>;
};

/** The shop's context for one operation. */
export function createShopContext(context: GraphQLContext): ShopContext {
  const { models } = context.backend;
  return { ...context, loadUser: createRowLoader(models, Users), loadOrder: createRowLoader(models, Orders) };
}
