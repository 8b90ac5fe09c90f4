import { eq } from 'drizzle-orm';
import { bigint, integer, numeric, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { addDecimals, event, liveProjection, projection } from 'livefold';
import { z } from 'zod';

export const Billed = event(
  'Billed',
  z.object({
    bill: z.string(),
    customer: z.string(),
    items: z.array(z.object({ sku: z.string(), price: z.string() })),
  }),
  { tags: ({ customer, bill }) => [`customer:${customer}`, `bill:${bill}`] },
);
export const Settled = event('Settled', z.object({ bill: z.string() }), {
  tags: ({ bill }) => [`bill:${bill}`],
});
export const Voided = event('Voided', z.object({ bill: z.string() }), {
  tags: ({ bill }) => [`bill:${bill}`],
});

export const billsTable = pgTable('bills', {
  id: text('id').primaryKey(),
  customer: text('customer').notNull(),
  position: bigint('position', { mode: 'number' }).notNull(),
});
export const itemsTable = pgTable(
  'bill_items',
  { bill: text('bill').notNull(), sku: text('sku').notNull(), price: numeric('price').notNull() },
  (table) => [primaryKey({ columns: [table.bill, table.sku] })],
);

export const largeBillsTable = pgTable('large_bills', {
  id: text('id').primaryKey(),
  items: integer('items').notNull(),
  position: bigint('position', { mode: 'number' }).notNull(),
});

/** What became of a bill, as long as it is not void. */
export type BillHistory = { readonly total: string; readonly settledAt: Date | null };

export const BillHistories = liveProjection<BillHistory>('billHistories', (bill) => ({
  items: [{ types: ['Billed', 'Settled', 'Voided'], tags: [`bill:${bill}`] }],
}))
  .on(Billed, (_, { data }) => ({
    total: data.items.reduce((sum, { price }) => addDecimals(sum, price), '0'),
    settledAt: null,
  }))
  .on(Settled, (row, { recordedAt }) => row && { ...row, settledAt: recordedAt })
  .on(Voided, () => null);

/** Open bills with their items, one row for each. */
export const Bills = projection('bills', billsTable, { tables: { items: itemsTable } })
  .sql(Billed, 'bill', async (transaction, { data }, { key, table, tables, position }) => {
    await transaction.insert(table).values({ id: key, customer: data.customer, position });
    await transaction.insert(tables.items).values(data.items.map((item) => ({ bill: key, ...item })));
  })
  .sql(Voided, 'bill', async (transaction, _, { key, table, tables }) => {
    await transaction.delete(tables.items).where(eq(tables.items.bill, key));
    await transaction.delete(table).where(eq(table.id, key));
    return { removed: [key] };
  });

/** What one large customer has been billed since we began to count. */
export const LargeBills = projection('largeBills', largeBillsTable, {
  tags: ['customer:acme'],
  startAt: 'end',
}).on(Billed, 'bill', (_, { data }) => ({ id: data.bill, items: data.items.length }));
