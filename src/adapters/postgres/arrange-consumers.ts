import { type SQL, sql } from 'drizzle-orm';
import { type AnyProjection, tablesOf } from '../../consumption/projection.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { Session } from './database.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';
import { trackedPosition } from './tracked-position.ts';

/**
 * Makes the rows of consumers that have none, and of all their shards, in one statement: of two processes that are there first
 * one does it all. `wanted` has the columns `consumer`, `shards`, `start`, `definition` and `fault`.
 */
export async function arrangeConsumers(
  session: Session,
  { tracking }: LivefoldTables,
  wanted: SQL,
): Promise<void> {
  const statement = sql`with made as (
      insert into ${tracking} (consumer, position, start, shards, definition, fault)
      select w.consumer, w.start, w.start, w.shards, w.definition, w.fault from ${wanted} as w
      on conflict do nothing returning consumer, start, shards)
    insert into ${tracking} (consumer, position)
    select consumer || '#' || i || '/' || shards, start from made, generate_series(0, shards - 1) as i where shards > 1`;
  await run(session, statement, () => undefined);
}

export type BeginOptions = {
  /** Where the log ends: the newest event that can be seen unless given. */
  readonly head?: SQL;
  /** Why it cannot go on from the beginning. */
  readonly fault?: SQL;
};

/**
 * Makes the rows of a projection that nobody has run so far. Where it is to start is looked up once, here.
 *
 * @throws LivefoldError `INVALID_START` when it is to start behind a position that the log has not reached
 */
export async function beginProjection(
  session: Session,
  tables: LivefoldTables,
  { name, shards, startAt, fingerprint }: AnyProjection,
  {
    head = sql`(select coalesce(max(position), 0) from ${tables.events})`,
    fault = sql`null`,
  }: BeginOptions = {},
): Promise<Position> {
  const start = startAt === 'end' ? sql`h.head` : sql`${startAt === 'beginning' ? 0 : startAt}::bigint`;
  await arrangeConsumers(
    session,
    tables,
    sql`(select ${name}::text as consumer, ${shards}::int as shards, ${start} as start,
        ${fingerprint}::text as definition, ${fault}::text as fault
      from (select ${head}::bigint as head) as h where ${start} <= h.head)`,
  );
  const [position] = await run(
    session,
    sql`select ${trackedPosition(tables)} from ${tables.tracking} as t where t.consumer = ${name}`,
    ([there]) => Number(there),
  );
  if (position !== undefined) return position;
  throw new LivefoldError(
    'INVALID_START',
    `The projection "${name}" cannot start at position ${startAt}: the log has not come so far. Give a position of this log, or 'end'.`,
  );
}

/**
 * What is wrong with tables that have rows before their projection begins; null where they have none. It is asked in the statement that
 * begins, so that of several processes the first alone finds them as they were.
 */
export function faultIfTaken(projection: AnyProjection): SQL {
  const tables = tablesOf(projection).map((table) => sql`exists (select from ${table})`);
  return sql`case when ${sql.join(tables, sql` or `)} then ${tableTaken(projection.name)} end`;
}

function tableTaken(name: string): string {
  return `The table of the projection "${name}" has rows, and nothing is known of a projection of this name: folding the log into them would count all of it twice. If the projection had another name before, run \`livefold projections rename OLD ${name}\`; if the rows are of no use, \`livefold projections rebuild ${name}\`.`;
}
