import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core';
import type postgres from 'postgres';
import { z } from 'zod';
import { projection } from '../../src/consumption/projection.ts';
import { event } from '../../src/domain/event.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';

const Worked = event('Worked', z.object({ id: z.string() }));

const workTable = pgTable('consume_work', {
  id: text('id').primaryKey(),
  result: integer('result').notNull(),
  position: bigint('position', { mode: 'number' }).notNull(),
});

/** So often a fold goes round: about 0.2 ms, fifty times what reading and writing the event costs. */
const rounds = 100_000;

/** A fold that is nothing but work for the processor, over four shards. */
export const workBackend: BackendDefinition = {
  ...{ name: 'work', typeDefs: [], resolvers: {}, events: [Worked] },
  projections: [
    projection('work', workTable, { shards: 4 }).on(Worked, 'id', (row, { data }) => ({
      id: data.id,
      result: work(row?.result ?? 1),
    })),
  ],
};

function work(start: number): number {
  let result = start;
  for (let round = 0; round < rounds; round += 1) result = (Math.imul(result, 1_664_525) + 1_013_904_223) | 0;
  return result;
}

export async function createWorkTable(sql: postgres.Sql): Promise<void> {
  await sql`create table consume_work (id text primary key, result integer not null, position bigint not null)`;
}

/** Makes so much work known at once, by one commit: whoever is there begins in the same moment. */
export async function fillWork(sql: postgres.Sql, schema: string, events: number): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`
      insert into ${sql(`${schema}.events`)} (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data)
      select n, gen_random_uuid(), now(), now(), n, 1, 'Work', 'Worked', '{}', jsonb_build_object('id', 'work-' || n % 1000)
      from generate_series(1, ${events}::integer) n`;
    await transaction`select pg_notify(${`${schema}_log`}, ${String(events)})`;
  });
}
