import { bigint, numeric, pgTable, text } from 'drizzle-orm/pg-core';
import type postgres from 'postgres';
import { z } from 'zod';
import { projection } from '../../src/consumption/projection.ts';
import { event } from '../../src/domain/event.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';

const Placed = event('Placed', z.object({ orderId: z.string(), customerId: z.string(), total: z.string() }));
const Paid = event('Paid', z.object({ orderId: z.string() }));
const Shipped = event('Shipped', z.object({ orderId: z.string(), carrier: z.string() }));

const ordersTable = pgTable('consume_orders', {
  id: text('id').primaryKey(),
  status: text('status').notNull(),
  total: numeric('total').notNull(),
  position: bigint('position', { mode: 'number' }).notNull(),
});

/** One row for every three events: the table grows with the log. */
export const Orders = projection('orders', ordersTable)
  .on(Placed, 'orderId', (_, { data }) => ({ id: data.orderId, status: 'placed', total: data.total }))
  .on(Paid, 'orderId', (order) => order && { ...order, status: 'paid' })
  .on(Shipped, 'orderId', (order) => order && { ...order, status: 'shipped' });

export const ordersBackend: BackendDefinition = {
  ...{ name: 'orders', typeDefs: [], resolvers: {}, projections: [Orders] },
  events: [Placed, Paid, Shipped],
};

export async function createOrdersTable(sql: postgres.Sql): Promise<void> {
  await sql`create table consume_orders (id text primary key, status text not null, total numeric not null, position bigint not null)`;
}

/** Empties the read table, and forgets how far the projection was. */
export async function forgetOrders(sql: postgres.Sql): Promise<void> {
  await sql`truncate consume_orders, livefold.tracking`;
  // Neither side pays for the other's pages, or has its rows vacuumed away while it works.
  await sql`vacuum analyze consume_orders`;
  await sql`checkpoint`;
}

/**
 * Fills an empty log by one insert: a thousand orders are placed, then paid, then shipped, then the next thousand. So an order's
 * three events are never beside each other, and those of one page are of a few thousand orders.
 */
export async function fillOrders(sql: postgres.Sql, events: number): Promise<void> {
  await sql`
    insert into livefold.events (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id)
    select n, gen_random_uuid(), now(), now(), step + 1, 1, 'Order-' || id, (array['Placed', 'Paid', 'Shipped'])[step + 1], '{}',
      case step when 0 then jsonb_build_object('orderId', 'order-' || id, 'customerId', 'customer-' || id % 1000, 'total', id % 90 || '.95')
        when 1 then jsonb_build_object('orderId', 'order-' || id)
        else jsonb_build_object('orderId', 'order-' || id, 'carrier', 'DHL') end,
      gen_random_uuid()::text, gen_random_uuid()::text
    from (select n, (n - 1) % 3000 / 1000 as step, (n - 1) / 3000 * 1000 + (n - 1) % 1000 as id from generate_series(1, ${events}::integer) n) as event`;
  await sql`vacuum analyze livefold.events`;
}
