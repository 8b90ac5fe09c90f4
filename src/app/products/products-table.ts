import { index, numeric, pgTable, text } from 'drizzle-orm/pg-core';
import { count, key, position } from '../read-columns.ts';

/** The read table of products. */
export const productsTable = pgTable(
  'products',
  {
    sku: key('sku').primaryKey(),
    name: text('name').notNull(),
    price: numeric('price').notNull(),
    stock: count('stock'),
    unitsSold: count('units_sold').notNull(),
    revenue: numeric('revenue').notNull(),
    position: position(),
  },
  (table) => [index('products_position').on(table.position)],
);

export type ProductRow = typeof productsTable.$inferSelect;
