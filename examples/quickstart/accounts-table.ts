import { bigint, numeric, pgTable, text } from 'drizzle-orm/pg-core';

/** What queries read: one row per account. `npm run migrate` writes its SQL into drizzle/ after a change. */
export const accountsTable = pgTable('accounts', {
  id: text('id').primaryKey(),
  owner: text('owner').notNull(),
  balance: numeric('balance').notNull(),
  /** The event that last changed the row: every read table has it. */
  position: bigint('position', { mode: 'number' }).notNull(),
});
