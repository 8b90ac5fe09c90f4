import type postgres from 'postgres';
import type { Side } from '../compare.ts';
import { type SampleItem, sampleItems } from './sample-items.ts';
import { writers } from './writers.ts';

/** The same rows in one statement, one event at a time. The writer counts positions itself; nothing is checked. */
export function rawInsert(sql: postgres.Sql, schema: string): Side {
  const { events, tags, commands } = tablesOf(sql, schema);
  let position = 0;
  return writers('raw insert', 1, async ({ events: [event], command }) => {
    if (event === undefined) return;
    position += 1;
    await sql`
      with event as (
        insert into ${events}
          (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata)
        values (${position}, ${event.id}, ${event.occurredAt}, ${new Date()}, 1, ${event.schemaVersion}, ${event.stream}, ${event.type}, ${[...event.tags]},
          ${JSON.stringify(event.data)}::text::jsonb, ${event.correlationId}, ${event.causationId}, ${event.actor}, ${event.tenant}, null)
      ), tag as (
        insert into ${tags} (tag, position) values (${event.tags[0] ?? ''}, ${position}), (${event.tags[1] ?? ''}, ${position})
      )
      insert into ${commands} (id, fingerprint, position, events) values (${command.id}, ${command.fingerprint}, ${position}, 1)`;
  });
}

/** The same rows, so many events a statement: arrays unnested, of the ordinary ways the fastest (see docs/benchmarks.md). */
export function rawBatches(sql: postgres.Sql, schema: string, size: number): Side {
  let position = 0;
  return {
    name: `raw insert of ${size}`,
    prepare(units) {
      const items = sampleItems(units);
      return async () => {
        for (let start = 0; start < items.length; start += size) {
          await insertBatch(sql, schema, items.slice(start, start + size), position);
          position += size;
        }
      };
    },
  };
}

async function insertBatch(
  sql: postgres.Sql,
  schema: string,
  items: readonly SampleItem[],
  before: number,
): Promise<void> {
  const { events, tags, commands } = tablesOf(sql, schema);
  const rows = items.flatMap((item) => item.events);
  const positions = rows.map((_, index) => before + index + 1);
  const tagged = rows.flatMap((event, index) =>
    event.tags.map((tag) => ({ tag, position: before + index + 1 })),
  );
  await sql`
    with event as (
      insert into ${events}
        (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata)
      select e.position, e.id, e.occurred_at, ${new Date()}, 1, 1, e.stream, e.type, e.tags::text[], e.data::jsonb, e.correlation_id, e.causation_id, e.actor, e.tenant, e.metadata::jsonb
      from unnest(
        ${positions}::bigint[], ${rows.map(({ id }) => id)}::uuid[], ${rows.map(({ occurredAt }) => occurredAt.toISOString())}::timestamptz[],
        ${rows.map(({ stream }) => stream)}::text[], ${rows.map(({ type }) => type)}::text[], ${rows.map((event) => `{${event.tags.join(',')}}`)}::text[],
        ${rows.map(({ data }) => JSON.stringify(data))}::text[], ${rows.map(({ correlationId }) => correlationId)}::text[],
        ${rows.map(({ causationId }) => causationId)}::text[], ${rows.map(({ actor }) => actor)}::text[], ${rows.map(({ tenant }) => tenant)}::text[],
        ${rows.map(() => null)}::text[]
      ) as e(position, id, occurred_at, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata)
    ), tag as (
      insert into ${tags} (tag, position)
      select * from unnest(${tagged.map(({ tag }) => tag)}::text[], ${tagged.map((one) => one.position)}::bigint[])
    )
    insert into ${commands} (id, fingerprint, position, events)
    select c.id, c.fingerprint, c.position, 1
    from unnest(${items.map(({ command }) => command.id)}::text[], ${items.map(({ command }) => command.fingerprint)}::text[], ${positions}::bigint[])
      as c(id, fingerprint, position)`;
}

function tablesOf(sql: postgres.Sql, schema: string) {
  return {
    events: sql(`${schema}.events`),
    tags: sql(`${schema}.tags`),
    commands: sql(`${schema}.commands`),
  };
}
