import type postgres from 'postgres';
import type { Side } from '../compare.ts';
import { writers } from './writers.ts';

/** What keeps positions in commit order without any cleverness: lock the table, insert, commit; once for each append. */
export function lockTable(sql: postgres.Sql, schema: string, writerCount: number): Side {
  const events = sql(`${schema}.events`);
  const tags = sql(`${schema}.tags`);
  const commands = sql(`${schema}.commands`);
  return writers('lock table, then insert', writerCount, async ({ events: [event], command }) => {
    if (event === undefined) return;
    await sql.begin(async (transaction) => {
      await transaction`lock table ${events} in exclusive mode`;
      await transaction`
        with event as (
          insert into ${events}
            (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata)
          select coalesce(max(position), 0) + 1, ${event.id}, ${event.occurredAt}, ${new Date()}, 1, ${event.schemaVersion}, ${event.stream}, ${event.type}, ${[...event.tags]},
            ${JSON.stringify(event.data)}::text::jsonb, ${event.correlationId}, ${event.causationId}, ${event.actor}, ${event.tenant}::text, null::jsonb
          from ${events}
          returning position
        ), tag as (
          insert into ${tags} (tag, position) select tag, position from event, unnest(${[...event.tags]}::text[]) as tag
        )
        insert into ${commands} (id, fingerprint, position, events) select ${command.id}, ${command.fingerprint}, position, 1 from event`;
    });
  });
}
