import { sql } from 'drizzle-orm';
import type { AnyProjection } from '../../consumption/projection.ts';
import { nextName, oldName, shadowOf } from '../../consumption/rebuild/shadow.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { Session } from './database.ts';
import { type FoundTable, findTables, nameOf } from './found-table.ts';
import { besideOf, exchangeTables, standStill } from './rebuild-exchange.ts';
import { lockTracked, moveRecords, renamed, unitsOf } from './rebuild-records.ts';
import { refuseWhatHangsOnAny } from './rebuild-refusals.ts';
import { areAlike } from './rebuild-table.ts';
import type { LivefoldTables } from './tables.ts';

/**
 * Exchanges tables for those that a rebuild replaced, in the caller's transaction. The others are kept: to roll back twice
 * changes nothing.
 */
export async function rollBack(
  session: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  live: readonly FoundTable[],
): Promise<Position> {
  const { name } = projection;
  const { next, old } = besideOf(tables.schema.schemaName);
  const before = await standStill(session, tables, projection, live);
  const kept = await lockTracked(session, tables, oldName(name));
  const found = await findTables(session, shadowOf(projection, old));
  if (found.length === 0 || kept.length === 0)
    throw new LivefoldError(
      'NOTHING_TO_ROLL_BACK',
      `No table of the projection "${name}" is kept: it was not rebuilt, or what it was has been discarded.`,
      { fields: { projection: name } },
    );
  if (!(await areAlike(session, live, found)))
    throw new LivefoldError(
      'REBUILD_REFUSED',
      `What was kept of the projection "${name}" has other tables or columns than today's, so that cannot take their place: rebuild the projection instead.`,
      { fields: { projection: name } },
    );
  await refuseWhatHangsOnAny(session, live);
  for (const table of found)
    await session.execute(sql`alter table ${nameOf(table)} set schema ${sql.identifier(next)}`);
  await moveRecords(session, tables, oldName(name), nextName(name));
  const after = renamed(kept, oldName(name), name);
  await exchangeTables(session, { tables, projection, live, before, after });
  return Math.min(...unitsOf(after).map(({ position }) => position));
}
