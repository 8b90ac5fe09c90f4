import { sql } from 'drizzle-orm';
import { keysOf } from '../../consumption/fold-rows.ts';
import type { AnyProjection } from '../../consumption/projection.ts';
import type { Comparison, Outcome, Rebuilds } from '../../consumption/rebuild/rebuilds.ts';
import { nextName, shadowOf } from '../../consumption/rebuild/shadow.ts';
import { shardOfProjection, shardOfUnit } from '../../consumption/shards.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { Session } from './database.ts';
import { type FoundTable, findTable, nameOf } from './found-table.ts';
import { compareTables } from './rebuild-compare.ts';
import { besideOf, exchangeTables, standStill } from './rebuild-exchange.ts';
import { dropRecords, lockTracked, type TrackedRow, unitsOf } from './rebuild-records.ts';
import { refuseWhatHangsOn } from './rebuild-refusals.ts';
import { addMissingIndexes, haveSameColumns } from './rebuild-table.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';

type Options = Parameters<Rebuilds['exchange']>[1] & { readonly live: FoundTable };

/** One try to put a shadow in its table's place, in the caller's transaction. */
export async function exchangeShadow(
  session: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  { lease, isForced, catchUp, between, live }: Options,
): Promise<Outcome> {
  const before = await standStill(session, tables, projection, live);
  const isWhole = before.every(({ beyond, fault }) => beyond === null && fault === null);
  const furthest = Math.max(0, ...unitsOf(before).map(({ position }) => position));
  // On other connections: what it writes to is locked by nobody.
  if (isWhole) await catchUp(furthest);
  const [shadow] = await lockTracked(session, tables, nextName(projection.name));
  if (shadow === undefined || shadow.owner !== lease.owner || shadow.token !== lease.token)
    throw new LivefoldError('CONCURRENCY_CONFLICT', `Another process rebuilds "${projection.name}" now.`);
  const next = await nextTable(session, tables, projection, live);

  const isLevel = isWhole && shadow.position === furthest;
  const without = isLevel ? await inMotion(projection, before, furthest, between) : [];
  const [key, position] = [projection.keyColumn.name, projection.positionColumn.name];
  const comparison = isLevel ? await compareTables(session, live, next, { key, position, without }) : null;
  const isSame =
    comparison !== null && isEqual(comparison) && (await haveSameParked(session, tables, projection));
  const definition = projection.fingerprint;
  if (isSame && !isForced) {
    await session.execute(sql`drop table ${nameOf(next)}`);
    await dropRecords(session, tables, shadow.consumer);
    await run(
      session,
      sql`update ${tables.tracking} set definition = ${definition} where consumer = ${projection.name}`,
      () => undefined,
    );
  } else {
    await refuseWhatHangsOn(session, live);
    await addMissingIndexes(session, live, next);
    const after = before.map((row) => ({ ...row, position: shadow.position, definition }));
    await exchangeTables(session, { tables, projection, live, before, after });
  }
  await run(
    session,
    sql`update ${tables.tracking} set position = 0, definition = null where consumer = ${shadow.consumer}`,
    () => undefined,
  );
  return { comparison, isExchanged: !isSame || isForced, position: shadow.position };
}

async function nextTable(
  session: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  live: FoundTable,
): Promise<FoundTable> {
  const { next: schema } = besideOf(tables.schema.schemaName);
  const next = await findTable(session, shadowOf(projection, schema).table);
  if (next !== undefined && (await haveSameColumns(session, live, next))) return next;
  throw new LivefoldError(
    'REBUILD_REFUSED',
    `The columns of "${live.schema}.${live.name}" have changed since the rebuild began: run it again, and it begins anew.`,
    { fields: { projection: projection.name } },
  );
}

/** Keys that a shard which is behind the others has not seen all of. What is folded of them differs for no other reason. */
async function inMotion(
  projection: AnyProjection,
  before: readonly TrackedRow[],
  furthest: Position,
  between: Options['between'],
): Promise<readonly string[]> {
  const behind = unitsOf(before).filter(({ position }) => position < furthest);
  const lowest = Math.min(furthest, ...behind.map(({ position }) => position));
  if (lowest === furthest) return [];
  const events = await between(lowest, furthest);
  return behind.flatMap(({ consumer, position }) => [
    ...keysOf(
      shardOfProjection(projection, shardOfUnit(consumer)),
      events.filter((event) => event.position > position),
    ),
  ]);
}

function isEqual({ different, onlyOld, onlyNew }: Comparison): boolean {
  return different + onlyOld + onlyNew === 0;
}

/** A key that is parked in one of them only is not as it was, whatever its row. */
async function haveSameParked(
  session: Session,
  { parked }: LivefoldTables,
  { name }: AnyProjection,
): Promise<boolean> {
  const keys = (consumer: string) => sql`select key, position from ${parked} where consumer = ${consumer}`;
  const [a, b] = [keys(name), keys(nextName(name))];
  const differences = await run(
    session,
    sql`(${a} except ${b}) union all (${b} except ${a}) limit 1`,
    () => true,
  );
  return differences.length === 0;
}
