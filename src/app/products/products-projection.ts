import { projection } from '../../consumption/projection.ts';
import { addDecimals, subtractDecimals } from '../../kernel/decimal.ts';
import { type Line, totalOf, unitsOf } from '../lines.ts';
import { OrderCancelled, OrderPlaced } from '../orders/order-events.ts';
import { ProductAdded, Restocked, StockReleased, StockReserved } from './product-events.ts';
import { productsTable } from './products-table.ts';

const skusOf = (items: readonly { readonly sku: string }[]): readonly string[] => items.map(({ sku }) => sku);

/** The lines of an order that are about one product: there may be several. */
const linesOf = (lines: readonly Line[], sku: string): readonly Line[] =>
  lines.filter((line) => line.sku === sku);

const quantityOf = (
  units: readonly { readonly sku: string; readonly quantity: number }[],
  sku: string,
): number => units.find((unit) => unit.sku === sku)?.quantity ?? 0;

/** Products with their stock and what was sold of them. */
export const Products = projection('products', productsTable)
  .on(
    ProductAdded,
    ({ data }) => data.sku,
    (_, { data }) => ({ ...data, unitsSold: 0, revenue: '0' }),
  )
  .on(
    Restocked,
    ({ data }) => data.sku,
    (product, { data }) => product && { ...product, stock: (product.stock ?? 0) + data.quantity },
  )
  .on(
    StockReserved,
    ({ data }) => skusOf(data.units),
    (product, { data }, sku) =>
      product && { ...product, stock: (product.stock ?? 0) - quantityOf(data.units, sku) },
  )
  .on(
    StockReleased,
    ({ data }) => skusOf(data.units),
    (product, { data }, sku) =>
      product && { ...product, stock: (product.stock ?? 0) + quantityOf(data.units, sku) },
  )
  .on(
    OrderPlaced,
    ({ data }) => skusOf(data.lines),
    (product, { data }, sku) => {
      const lines = linesOf(data.lines, sku);
      return (
        product && {
          ...product,
          unitsSold: product.unitsSold + unitsOf(lines),
          revenue: addDecimals(product.revenue, totalOf(lines)),
        }
      );
    },
  )
  .on(
    OrderCancelled,
    ({ data }) => skusOf(data.lines),
    (product, { data }, sku) => {
      const lines = linesOf(data.lines, sku);
      return (
        product && {
          ...product,
          unitsSold: product.unitsSold - unitsOf(lines),
          revenue: subtractDecimals(product.revenue, totalOf(lines)),
        }
      );
    },
  );
