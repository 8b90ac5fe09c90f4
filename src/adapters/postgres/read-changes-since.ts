import { sql } from 'drizzle-orm';
import type { AnyProjection, AnyRow } from '../../consumption/projection.ts';
import type { ChangesSince } from '../../consumption/read-models.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { Session } from './database.ts';
import { decodeRow, readTableOf } from './read-table.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';
import { trackedPosition } from './tracked-position.ts';

type Found = {
  readonly position: Position;
  readonly horizon: Position;
  readonly upserted: AnyRow | undefined;
  readonly removed: string | undefined;
};

export type SinceOptions = {
  readonly after: Position;
  /** More changes than that are not read. */
  readonly limit: number;
  /** The one under which the reader got what it has. */
  readonly horizon?: Position;
};

/**
 * What changed in a projection's table behind a position, `null` when that is no longer known or too much. It is one statement,
 * and so sees one moment: rows and position commit together, and a reader at the position has exactly these rows.
 */
export async function readChangesSince(
  session: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  { after, limit, horizon = 0 }: SinceOptions,
): Promise<ChangesSince | null> {
  const { table, keyField, positionColumn, name, unit } = projection;
  const { tracking, tombstones } = tables;
  const { columns, names, noValues } = readTableOf(projection);
  const statement = sql`select now.position, now.horizon, changed.* from (
      select ${trackedPosition(tables)} as position, a.horizon
      from ${tracking} as t join ${tracking} as a on a.consumer = ${name} where t.consumer = ${unit}
    ) as now left join lateral (
      (select true as is_there, null::text as gone, ${names} from ${table}
        where ${positionColumn} > ${after} order by ${positionColumn} limit ${limit + 1})
      union all
      (select false, ${tombstones.key}, ${noValues} from ${tombstones}
        where ${tombstones.projection} = ${name} and ${tombstones.position} > ${after} limit ${limit + 1})
    ) as changed on now.horizon <= ${Math.max(after, horizon)}`;
  const found = await run(
    session,
    statement,
    ([position, oldest, isThere, gone, ...values]): Found => ({
      position: Number(position),
      horizon: Number(oldest),
      upserted: isThere === true ? decodeRow(columns, values) : undefined,
      removed: isThere === false ? String(gone) : undefined,
    }),
  );
  const [now] = found;
  if (now === undefined || now.horizon > Math.max(after, horizon)) return null;
  const upserted = found.map((one) => one.upserted).filter((row) => row !== undefined);
  const removed = found.map((one) => one.removed).filter((key) => key !== undefined);
  if (upserted.length + removed.length > limit) return null;
  // A key that was removed and has a row again is among those that changed: its row is newer than its tombstone.
  const there = new Set(upserted.map((row) => String(row[keyField])));
  return { position: now.position, upserted, removed: removed.filter((key) => !there.has(key)) };
}
