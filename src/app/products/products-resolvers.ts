import { liveField } from '../../graphql/live-field.ts';
import { mutationField } from '../../graphql/mutation-field.ts';
import { rowField, rowsField } from '../../graphql/row-fields.ts';
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
    product: rowField(Products),
    products: rowsField(Products, orderFields),
  },
  Mutation: {
    addProduct: mutationField('product', Products, Product.commands.add),
    restock: mutationField('product', Products, Product.commands.restock),
  },
  Subscription: {
    products: liveField('products', Products),
  },
};
