import { bigint, integer, numeric, pgTable, text } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import { openClient, openDatabase } from '../src/adapters/postgres/database.ts';
import { migrateDatabase } from '../src/adapters/postgres/migrate.ts';
import { createPostgresEventStore } from '../src/adapters/postgres/postgres-event-store.ts';
import { createPostgresReadModels } from '../src/adapters/postgres/postgres-read-models.ts';
import { EventLog } from '../src/consumption/event-log.ts';
import { projection } from '../src/consumption/projection.ts';
import { runProjection } from '../src/consumption/projection-runner.ts';
import { event, type NewEvent } from '../src/domain/event.ts';
import { addDecimals } from '../src/kernel/decimal.ts';
import { createId } from '../src/kernel/ids.ts';
import { silentLogger } from '../src/kernel/log.ts';
import type { Benchmark } from './benchmark.ts';
import { type Measured, median, perSecond, ratio } from './compare.ts';

const events = 100_000;
const rounds = 5;
/** One event at a time is so slow that a share of them tells its speed. */
const eventsOneByOne = 4_000;
const customers = 1_000;

const Placed = event('Placed', z.object({ orderId: z.string(), customerId: z.string(), total: z.string() }));
const Paid = event('Paid', z.object({ orderId: z.string() }));
const Shipped = event('Shipped', z.object({ orderId: z.string(), carrier: z.string() }));

const position = () => bigint('position', { mode: 'number' }).notNull();
const ordersTable = pgTable('bench_orders', {
  id: text('id').primaryKey(),
  status: text('status').notNull(),
  total: numeric('total').notNull(),
  position: position(),
});
const customersTable = pgTable('bench_customers', {
  id: text('id').primaryKey(),
  orders: integer('orders').notNull(),
  total: numeric('total').notNull(),
  position: position(),
});

const Orders = projection('benchOrders', ordersTable)
  .on(
    Placed,
    ({ data }) => data.orderId,
    (_, { data }) => ({ id: data.orderId, status: 'placed', total: data.total }),
  )
  .on(
    Paid,
    ({ data }) => data.orderId,
    (order) => order && { ...order, status: 'paid' },
  )
  .on(
    Shipped,
    ({ data }) => data.orderId,
    (order) => order && { ...order, status: 'shipped' },
  );
const Customers = projection('benchCustomers', customersTable).on(
  Placed,
  ({ data }) => data.customerId,
  (customer = { id: '', orders: 0, total: '0' }, { data }) => ({
    id: data.customerId,
    orders: customer.orders + 1,
    total: addDecimals(customer.total, data.total),
  }),
);

export const benchmark: Benchmark = {
  name: 'project',
  describe: `catch-up of ${events.toLocaleString('en')} events into two projections`,
  async run({ databaseUrl, progress }) {
    await migrateDatabase({ url: databaseUrl });
    await using database = Object.assign(openDatabase(databaseUrl), {
      [Symbol.asyncDispose]: () => database.close(),
    });
    const sql = openClient(databaseUrl, { max: 1 });
    await sql.unsafe(`create table bench_orders (id text primary key, status text not null, total numeric not null, position bigint not null);
      create table bench_customers (id text primary key, orders integer not null, total numeric not null, position bigint not null);`);
    const store = createPostgresEventStore({ database });
    await fillLog((item) => store.append(item), progress);
    await sql`vacuum analyze livefold.events`;

    const models = createPostgresReadModels(database);
    const clear = async (): Promise<void> => {
      await sql`truncate bench_orders, bench_customers, livefold.tracking`;
      await sql`checkpoint`;
    };

    async function livefold(): Promise<void> {
      const log = new EventLog(store);
      const runners = await Promise.all(
        [Orders, Customers].map((one) => runProjection(one, { log, models, logger: silentLogger })),
      );
      await Promise.all(runners.map((runner) => runner.waitFor(events, { timeout: 600_000 })));
      await Promise.all(runners.map((runner) => runner.stop()));
    }

    /** What a hand-written projection does: for each event and table one transaction with the row and the position. */
    async function oneByOne(): Promise<void> {
      // Neither the disk nor a plan made while its tables were empty shall hold this side up.
      await sql`set synchronous_commit = off`;
      await sql`set enable_seqscan = off`;
      const rows = await sql<
        { position: number; type: string; data: Record<string, string> }[]
      >`select position, type, data from livefold.events order by position limit ${eventsOneByOne}`;
      for (const { position: at, type, data } of rows) {
        await sql.begin(async (tx) => {
          if (type === 'Placed')
            await tx`insert into bench_orders values (${data.orderId ?? ''}, 'placed', ${data.total ?? ''}, ${at}) on conflict (id) do update set status = excluded.status, total = excluded.total, position = excluded.position`;
          else
            await tx`update bench_orders set status = ${type.toLowerCase()}, position = ${at} where id = ${data.orderId ?? ''}`;
          await tx`insert into livefold.tracking values ('orders', ${at}) on conflict (consumer) do update set position = excluded.position`;
        });
        await sql.begin(async (tx) => {
          if (type === 'Placed') {
            await tx`insert into bench_customers values (${data.customerId ?? ''}, 1, ${data.total ?? ''}, ${at})
              on conflict (id) do update set orders = bench_customers.orders + 1, total = bench_customers.total + excluded.total, position = excluded.position`;
          }
          await tx`insert into livefold.tracking values ('customers', ${at}) on conflict (consumer) do update set position = excluded.position`;
        });
      }
    }

    async function insertSelect(): Promise<void> {
      await sql`set synchronous_commit = off`;
      await sql`set enable_seqscan = on`;
      await sql`insert into bench_orders
        select data->>'orderId', lower((array_agg(type order by position desc))[1]), max((data->>'total')::numeric), max(position) from livefold.events group by 1`;
      await sql`insert into bench_customers
        select data->>'customerId', count(*), sum((data->>'total')::numeric), max(position) from livefold.events where type = 'Placed' group by 1`;
    }

    const sides = [
      { name: 'livefold', count: events, run: livefold, rates: [] as number[] },
      { name: 'one by one', count: eventsOneByOne, run: oneByOne, rates: [] as number[] },
      { name: 'insert … select', count: events, run: insertSelect, rates: [] as number[] },
    ];
    for (let round = 0; round <= rounds; round += 1) {
      for (const side of sides) {
        await clear();
        const start = performance.now();
        await side.run();
        // The first round warms up: plans, caches and compiled code.
        if (round > 0) side.rates.push((side.count / (performance.now() - start)) * 1_000);
      }
      progress(
        `  round ${round} of ${rounds}: ${sides.map(({ name, rates }) => `${name} ${perSecond(rates.at(-1) ?? Number.NaN)}`).join(', ')}`,
      );
    }
    await sql.end();
    const [ours, naive, bySql] = sides;
    const compare = (theirs: Measured | undefined): number =>
      ours === undefined || theirs === undefined ? Number.NaN : ratio(ours, theirs);
    const detail = sides.map(({ name, rates }) => `${name} ${perSecond(median(rates))}`).join(', ');
    return [
      {
        name: 'catch-up, against upsert and tracking for each event',
        figure: compare(naive),
        target: 10,
        bound: 'least',
        detail,
      },
      {
        name: 'catch-up, against one insert … select in SQL',
        figure: compare(bySql),
        target: 0.3,
        bound: 'least',
        detail,
      },
    ];
  },
};

/** Orders in three events each, in the order in which they would come: placed, paid, shipped, others between. */
async function fillLog(
  append: (item: { events: readonly ReturnType<typeof prepare>[] }) => Promise<unknown>,
  progress: (line: string) => void,
): Promise<void> {
  progress(`  appending ${events.toLocaleString('en')} events`);
  const log = Array.from({ length: Math.ceil(events / 3) }, (_, order) => {
    const orderId = `order-${order}`;
    return [
      Placed({ orderId, customerId: `customer-${order % customers}`, total: `${order % 90}.95` }),
      Paid({ orderId }),
      Shipped({ orderId, carrier: 'DHL' }),
    ].map((one) => prepare(one, orderId));
  }).flat();
  for (let start = 0; start < events; start += 500)
    await append({ events: log.slice(start, Math.min(start + 500, events)) });
}

function prepare(one: NewEvent, stream: string) {
  return {
    ...one,
    id: createId(),
    stream,
    correlationId: null,
    causationId: null,
    actor: null,
    tenant: null,
    metadata: null,
    occurredAt: new Date(),
  };
}
