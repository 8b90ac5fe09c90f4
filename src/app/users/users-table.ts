import { index, integer, numeric, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { key, position } from '../read-columns.ts';

/** The read table of users. */
export const usersTable = pgTable(
  'users',
  {
    id: key('id').primaryKey(),
    email: text('email'),
    name: text('name').notNull(),
    country: text('country'),
    orderCount: integer('order_count').notNull(),
    totalSpent: numeric('total_spent').notNull(),
    registeredAt: timestamp('registered_at', { withTimezone: true, precision: 3 }).notNull(),
    forgottenAt: timestamp('forgotten_at', { withTimezone: true, precision: 3 }),
    position: position(),
  },
  (table) => [index('users_position').on(table.position)],
);

export type UserRow = typeof usersTable.$inferSelect;
