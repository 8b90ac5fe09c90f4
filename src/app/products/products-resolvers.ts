import type { Executable } from '../../application/execute.ts';
import { idOf } from '../../domain/aggregate.ts';
import { waitForProjections } from '../../graphql/at-least.ts';
import { readConnection } from '../../graphql/connection.ts';
import { liveField } from '../../graphql/live-field.ts';
import { type MutationOptions, mutate } from '../../graphql/mutate.ts';
import { orderBy } from '../../graphql/order-by.ts';
import { found } from '../found.ts';
import type { ShopContext } from '../shop-context.ts';
import type { ProductOrderField, Resolvers } from '../shop-schema.ts';
import { Product } from './product.ts';
import { Products } from './products-projection.ts';

const orderFields: Readonly<Record<ProductOrderField, string>> = {
  SKU: 'sku',
  NAME: 'name',
  PRICE: 'price',
  UNITS_SOLD: 'unitsSold',
  REVENUE: 'revenue',
};

export const productsResolvers: Resolvers = {
  Query: {
    product: async (_, { sku, atLeast }, { backend, signal }) => {
      await waitForProjections(backend, [Products.name], atLeast, signal);
      const [product] = await backend.models.find(Products, [sku]);
      return product ?? null;
    },
    products: async (_, { atLeast, ...args }, { backend, signal }) => {
      await waitForProjections(backend, [Products.name], atLeast, signal);
      return readConnection(backend.models, Products, { ...args, orderBy: orderBy(orderFields, args.orderBy) });
    },
  },
  Mutation: {
    addProduct: (_, { input, commandId }, context) =>
      mutateProduct(context, Product.commands.add(input.sku, input), { commandId, request: ['addProduct', input] }),
    restock: (_, { input, commandId }, context) =>
      mutateProduct(context, Product.commands.restock(input.sku, input), { commandId, request: ['restock', input] }),
  },
  Subscription: {
    products: { subscribe: (_, args, context) => liveField('products', Products, args, context) },
  },
};

async function mutateProduct(context: ShopContext, command: Executable, options: Omit<MutationOptions, 'projections'>) {
  const receipt = await mutate(context, command, { ...options, projections: [Products.name] });
  const [product] = await context.backend.models.find(Products, [idOf(Product, receipt.stream)]);
  return { receipt, product: found(product) };
}
