import { date, index, numeric, pgTable } from 'drizzle-orm/pg-core';
import { count, key, position } from '../read-columns.ts';

const figures = () => ({
  orders: count('orders').notNull(),
  units: count('units').notNull(),
  revenue: numeric('revenue').notNull(),
  returns: numeric('returns').notNull(),
  position: position(),
});

/** Sales by the day they were placed. */
export const dailySalesTable = pgTable(
  'daily_sales',
  { day: date('day').primaryKey(), ...figures() },
  (table) => [index('daily_sales_position').on(table.position)],
);

/** Sales by the customer's country. */
export const countrySalesTable = pgTable(
  'sales_by_country',
  { country: key('country').primaryKey(), ...figures() },
  (table) => [index('sales_by_country_position').on(table.position)],
);
