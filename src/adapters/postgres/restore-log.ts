import { type SQL, sql } from 'drizzle-orm';
import type { StoredEvent } from '../../domain/event.ts';
import { checkFollows } from '../../persistence/judge-append.ts';
import type { StoredCommand } from '../../persistence/log-archive.ts';
import { plainArray, textArray } from './array-literal.ts';
import type { Session } from './database.ts';
import { encodeContent } from './encode-batch.ts';
import { run } from './statement.ts';
import { channelOf, type LivefoldTables } from './tables.ts';

export type LogPart = {
  readonly events: readonly StoredEvent[];
  readonly commands: readonly StoredCommand[];
};

/**
 * Adds a part of another log within a transaction, under the lock that every append takes.
 *
 * @throws LivefoldError `CONCURRENCY_CONFLICT` when it does not follow on the log's head
 */
export async function restoreLog(
  transaction: Session,
  tables: LivefoldTables,
  { events, commands }: LogPart,
): Promise<void> {
  const channel = channelOf(tables.schema.schemaName);
  await run(transaction, sql`select pg_advisory_xact_lock(hashtextextended(${channel}, 0))`, () => undefined);
  checkFollows(events, await findState(transaction, tables, events));
  await insertCommands(transaction, tables, commands);
  const last = events.at(-1);
  if (last === undefined) return;
  await insertEvents(transaction, tables, events);
  await run(transaction, sql`select pg_notify(${channel}, ${String(last.position)})`, () => undefined);
}

/** Where the log and the streams of these events stand. */
async function findState(
  transaction: Session,
  { events }: LivefoldTables,
  part: readonly StoredEvent[],
): Promise<Parameters<typeof checkFollows>[1]> {
  const streams = textArray([...new Set(part.map(({ stream }) => stream))]);
  const [last] = await run(
    transaction,
    sql`select position, date_part('epoch', recorded_at) * 1000 from ${events} order by position desc limit 1`,
    ([position, recorded]) => ({ head: Number(position), recorded: Math.round(Number(recorded)) }),
  );
  const versions = new Map(
    await run(
      transaction,
      sql`select s.stream, (select e.version from ${events} as e where e.stream = s.stream order by e.version desc limit 1)
        from unnest(${streams}::text[]) as s(stream)`,
      ([stream, version]): [string, number] => [String(stream), Number(version)],
    ),
  );
  return {
    head: last?.head ?? 0,
    recorded: last?.recorded,
    versionOf: (stream) => versions.get(stream) ?? 0,
  };
}

async function insertEvents(
  transaction: Session,
  { events: table, tags }: LivefoldTables,
  events: readonly StoredEvent[],
): Promise<void> {
  const contents = events.map(({ data }) => encodeContent(data));
  const texts = (value: (event: StoredEvent) => string | null): SQL => texted(events.map(value));
  const plain = (value: (event: StoredEvent) => string | number): SQL =>
    sql`${plainArray(events.map(value))}`;
  const columns = [
    sql`${plain(({ position }) => position)}::bigint[]`,
    sql`${plain(({ id }) => id)}::uuid[]`,
    sql`${plain(({ occurredAt }) => occurredAt.toISOString())}::timestamptz[]`,
    sql`${plain(({ recordedAt }) => recordedAt.toISOString())}::timestamptz[]`,
    sql`${plain(({ version }) => version)}::integer[]`,
    sql`${plain(({ schemaVersion }) => schemaVersion)}::smallint[]`,
    texts(({ stream }) => stream),
    texts(({ type }) => type),
    texts((event) => textArray(event.tags)),
    texted(contents.map((content) => content.plain)),
    texts(({ correlationId }) => correlationId),
    texts(({ causationId }) => causationId),
    texts(({ actor }) => actor),
    texts(({ tenant }) => tenant),
    texts(({ metadata }) => metadata && JSON.stringify(metadata)),
    texted(contents.map((content) => content.sealed)),
  ];
  await run(
    transaction,
    sql`with event as (
      insert into ${table}
        (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata, sealed)
      select e.position, e.id, e.occurred, e.recorded, e.version, e.schema_version, e.stream, e.type, e.tags::text[], e.data::jsonb,
        e.correlation_id, e.causation_id, e.actor, e.tenant, e.metadata::jsonb, decode(e.sealed, 'base64')
      from unnest(${sql.join(columns, sql`, `)}) as e(position, id, occurred, recorded, version, schema_version, stream, type, tags, data,
        correlation_id, causation_id, actor, tenant, metadata, sealed)
      returning position, tags)
    insert into ${tags} (tag, position) select distinct t.tag, e.position from event as e, unnest(e.tags) as t(tag)`,
    () => undefined,
  );
}

async function insertCommands(
  transaction: Session,
  { commands: table }: LivefoldTables,
  commands: readonly StoredCommand[],
): Promise<void> {
  if (commands.length === 0) return;
  const columns = [
    texted(commands.map(({ id }) => id)),
    texted(commands.map(({ fingerprint }) => fingerprint)),
    sql`${plainArray(commands.map(({ position }) => position))}::bigint[]`,
    sql`${plainArray(commands.map(({ events }) => events))}::integer[]`,
  ];
  await run(
    transaction,
    sql`insert into ${table} (id, fingerprint, position, events) select * from unnest(${sql.join(columns, sql`, `)}) on conflict do nothing`,
    () => undefined,
  );
}

function texted(values: readonly (string | null)[]): SQL {
  return sql`${textArray(values)}::text[]`;
}
