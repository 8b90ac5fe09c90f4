import { index, jsonb, numeric, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { Line } from '../lines.ts';
import { key, position } from '../read-columns.ts';

/** The read table of orders. */
export const ordersTable = pgTable(
  'orders',
  {
    id: key('id').primaryKey(),
    customerId: key('customer_id'),
    status: text('status').$type<'PLACED' | 'PAID' | 'SHIPPED' | 'CANCELLED' | 'REFUNDED'>().notNull(),
    placedAt: timestamp('placed_at', { withTimezone: true, precision: 3 }).notNull(),
    total: numeric('total').notNull(),
    lines: jsonb('lines').$type<readonly Line[]>().notNull(),
    cancelReason: text('cancel_reason'),
    carrier: text('carrier'),
    position: position(),
  },
  (table) => [
    index('orders_customer').on(table.customerId),
    index('orders_placed_at').on(table.placedAt, table.id),
    index('orders_position').on(table.position),
    // For orders of a product: containment is all that it is asked for.
    index('orders_lines').using('gin', table.lines.op('jsonb_path_ops')),
  ],
);

export type OrderRow = typeof ordersTable.$inferSelect;
