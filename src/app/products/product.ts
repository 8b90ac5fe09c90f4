import { z } from 'zod';
import { aggregate } from '../../domain/aggregate.ts';
import { fold } from '../../domain/fold.ts';
import { reject } from '../../domain/rejection.ts';
import { Price, Quantity } from '../amounts.ts';
import { ProductAdded, Restocked } from './product-events.ts';

export type ProductState =
  | { readonly status: 'none' }
  | { readonly status: 'offered'; readonly sku: string; readonly name: string; readonly price: string };

const AddProduct = z.object({
  sku: z.string().min(1).max(100),
  name: z.string().trim().min(1).max(200),
  price: Price,
  stock: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .nullish()
    .transform((stock) => stock ?? null),
});

const Restock = z.object({ sku: z.string(), quantity: Quantity });

/** A product: its key is its SKU. */
export const Product = aggregate('Product', {
  state: fold<ProductState>({ status: 'none' }).on(ProductAdded, (_, { data }) => ({
    status: 'offered',
    sku: data.sku,
    name: data.name,
    price: data.price,
  })),
  commands: (command) => ({
    add: command(AddProduct, (product, input) =>
      product.status === 'none'
        ? ProductAdded(input)
        : reject('PRODUCT_EXISTS', `there is a product ${input.sku} already`),
    ),
    restock: command(Restock, (product, input) =>
      product.status === 'offered'
        ? Restocked(input)
        : reject('UNKNOWN_PRODUCT', `there is no product ${input.sku}`),
    ),
  }),
});
