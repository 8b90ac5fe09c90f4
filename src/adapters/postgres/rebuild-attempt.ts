import { sql } from 'drizzle-orm';
import type { AnyProjection } from '../../consumption/projection.ts';
import type { Comparison, Outcome, Rebuilds } from '../../consumption/rebuild/rebuilds.ts';
import { nextName, shadowOf } from '../../consumption/rebuild/shadow.ts';
import { shardOfProjection, shardOfUnit } from '../../consumption/shards.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { Session } from './database.ts';
import { type FoundTable, findTables, nameOf } from './found-table.ts';
import { createPostgresReadModels } from './postgres-read-models.ts';
import { compareTables } from './rebuild-compare.ts';
import { besideOf, exchangeTables, standStill } from './rebuild-exchange.ts';
import { dropRecords, lockTracked, type TrackedRow, unitsOf } from './rebuild-records.ts';
import { refuseWhatHangsOnAny } from './rebuild-refusals.ts';
import { addMissingIndexes, areAlike } from './rebuild-table.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';

type Options = Parameters<Rebuilds['exchange']>[1] & { readonly live: readonly FoundTable[] };

/** One try to put a shadow in its projection's place, in the caller's transaction. */
export async function exchangeShadow(
  session: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  { lease, isForced, catchUp, foldOn, live }: Options,
): Promise<Outcome> {
  const found = await standStill(session, tables, projection, live);
  const isWhole = found.every(({ beyond, fault }) => beyond === null && fault === null);
  const furthest = Math.max(0, ...unitsOf(found).map(({ position }) => position));
  // On other connections: what it writes to is locked by nobody.
  if (isWhole) await catchUp(furthest);
  const [shadow] = await lockTracked(session, tables, nextName(projection.name));
  if (shadow === undefined || shadow.owner !== lease.owner || shadow.token !== lease.token)
    throw new LivefoldError('CONCURRENCY_CONFLICT', `Another process rebuilds "${projection.name}" now.`);
  const { next: schema } = besideOf(tables.schema.schemaName);
  const next = await nextTables(session, shadowOf(projection, schema), live);

  const isLevel = isWhole && shadow.position === furthest;
  const before = isLevel ? await levelUnits(projection, found, furthest, on(session, tables, foldOn)) : found;
  const columns = { key: projection.keyColumn.name, position: projection.positionColumn.name };
  const comparison = isLevel ? await compareTables(session, live, next, columns) : null;
  const isSame =
    comparison !== null && isEqual(comparison) && (await haveSameParked(session, tables, projection));
  const definition = projection.fingerprint;
  if (isSame && !isForced) {
    for (const table of next) await session.execute(sql`drop table ${nameOf(table)}`);
    await dropRecords(session, tables, shadow.consumer);
    await run(
      session,
      sql`update ${tables.tracking} set definition = ${definition} where consumer = ${projection.name}`,
      () => undefined,
    );
  } else {
    await refuseWhatHangsOnAny(session, live);
    for (const table of live) await addMissingIndexes(session, table, { schema, name: table.name });
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

async function nextTables(
  session: Session,
  shadow: AnyProjection,
  live: readonly FoundTable[],
): Promise<readonly FoundTable[]> {
  const next = await findTables(session, shadow);
  if (await areAlike(session, live, next)) return next;
  throw new LivefoldError(
    'REBUILD_REFUSED',
    `The columns of a table that is being rebuilt as "${shadow.name}" have changed since that began: run it again, and it begins anew.`,
    { fields: { projection: shadow.name } },
  );
}

type FoldOn = (unit: AnyProjection, row: TrackedRow, to: Position) => Promise<void>;

/** What folds in a transaction: nobody else can, while it has the locks. */
function on(session: Session, tables: LivefoldTables, foldOn: Options['foldOn']): FoldOn {
  const models = createPostgresReadModels({ session, pipeline: session }, tables.schema.schemaName);
  return (unit, { position, owner, token }, to) =>
    foldOn(unit, { models, lease: { owner, token }, after: position, to });
}

/** Folds shards that are behind the furthest one up to there, so that all of the old rows are of one moment. */
async function levelUnits(
  projection: AnyProjection,
  rows: readonly TrackedRow[],
  furthest: Position,
  foldOn: FoldOn,
): Promise<readonly TrackedRow[]> {
  const behind = new Set(unitsOf(rows).filter(({ position }) => position < furthest));
  for (const row of behind)
    await foldOn(shardOfProjection(projection, shardOfUnit(row.consumer)), row, furthest);
  return rows.map((row) => (behind.has(row) ? { ...row, position: furthest } : row));
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
