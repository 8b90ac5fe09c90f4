import { and, asc, desc, eq, gt, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { foldRows, keysOf, type RowChange } from '../../consumption/fold-rows.ts';
import type { AnyProjection, StoredRow } from '../../consumption/projection.ts';
import type { ProjectionBatch, ReadModels, RowCursor, RowQuery } from '../../consumption/read-models.ts';
import { everything } from '../../domain/query.ts';
import type { Position } from '../../persistence/event-store.ts';
import { textArray } from './array-literal.ts';
import type { Database, Session } from './database.ts';
import { typeOf } from './column-type.ts';
import { columnOf, filterSql } from './filter-sql.ts';
import { readEvents } from './read-events.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { databaseCode, translateError, translateReadError } from './translate-error.ts';
import { tableName, writeRows } from './write-rows.ts';

/** Read tables in Postgres, beside one application's log. */
export function createPostgresReadModels(database: Database, schema: string = defaultSchema): ReadModels {
  const { session } = database;
  const tables = livefoldTables(schema);
  const { tracking, tombstones } = tables;

  async function tracked(on: Session, { name }: AnyProjection): Promise<{ position: Position; horizon: Position } | undefined> {
    const [row] = await on.select({ position: tracking.position, horizon: tracking.horizon }).from(tracking).where(eq(tracking.consumer, name)).prepare('livefold_tracked').execute();
    return row;
  }

  async function position(projection: AnyProjection): Promise<Position> {
    const row = await tracked(session, projection);
    if (row !== undefined) return row.position;
    await session.insert(tracking).values({ consumer: projection.name, position: 0 }).onConflictDoNothing();
    return (await tracked(session, projection))?.position ?? 0;
  }

  return {
    position: (projection) => guarded(projection, () => position(projection)),

    apply: (projection, batch) =>
      guarded(projection, async () => {
        const events = batch.events.filter(({ type }) => projection.handlerOf(type) !== undefined);
        if (events.length === 0) return (await advance(session, tables, projection, batch)) ? [] : null;
        return await session.transaction((transaction) => applyIn(transaction, tables, projection, { ...batch, events }));
      }),

    rows: (projection, query) => asked(projection, () => selectRows(session, projection, query)),

    find: (projection, keys) => asked(projection, () => findRows(session, projection, keys)),

    changesSince: (projection, after, { limit }) =>
      guarded(projection, async () => {
        // The position first: whatever the tables say beyond it comes again with the next changes, so nothing is lost.
        const now = await tracked(session, projection);
        if (now === undefined || now.horizon > after) return null;
        const { table, keyField, positionColumn, name } = projection;
        const [upserted, removed] = await Promise.all([
          session.select().from(table).where(gt(positionColumn, after)).orderBy(asc(positionColumn)).limit(limit + 1).prepare('livefold_changed').execute(),
          session
            .select({ key: tombstones.key })
            .from(tombstones)
            .where(and(eq(tombstones.projection, name), gt(tombstones.position, after)))
            .limit(limit + 1)
            .prepare('livefold_removed')
            .execute(),
        ]);
        // A key that was removed and has a row again is among those that changed: its row is newer than its tombstone.
        const there = new Set(upserted.map((row) => String(row[keyField])));
        const gone = removed.map(({ key }) => key).filter((key) => !there.has(key));
        return upserted.length + removed.length > limit ? null : { position: now.position, upserted, removed: gone };
      }),
  };
}

/** Brings inline projections up to the log's head, in the transaction of an append. What they missed before comes with it. */
export function createInlineProjector(projections: readonly AnyProjection[], schema: string = defaultSchema): (transaction: Session) => Promise<void> {
  const tables = livefoldTables(schema);
  return async (transaction) => {
    for (const projection of projections) {
      const [row] = await transaction.select().from(tables.tracking).where(eq(tables.tracking.consumer, projection.name)).for('update').prepare('livefold_inline').execute();
      const after = row?.position ?? 0;
      if (row === undefined) await transaction.insert(tables.tracking).values({ consumer: projection.name, position: 0 }).onConflictDoNothing();
      const events = await Array.fromAsync(readEvents(transaction, tables, everything, { after }));
      const to = events.at(-1)?.position ?? after;
      if (to > after) await applyIn(transaction, tables, projection, { after, to, events });
    }
  };
}

/** Rows and position in one transaction. The position moves first: its row lock lets one runner at a time go on. */
async function applyIn(transaction: Session, tables: ReturnType<typeof livefoldTables>, projection: AnyProjection, batch: ProjectionBatch): Promise<readonly RowChange[] | null> {
  const keys = [...keysOf(projection, batch.events)];
  const [isOurs, found] = await Promise.all([advance(transaction, tables, projection, batch), findRows(transaction, projection, keys)]);
  if (!isOurs) return null;
  const rows = new Map(found.map(({ position: _, ...row }) => [String(row[projection.keyField]), row]));
  const changes = foldRows(projection, batch.events, rows);
  await writeRows(transaction, tables, projection, changes);
  return changes;
}

async function advance(on: Session, { tracking }: ReturnType<typeof livefoldTables>, { name, mode }: AnyProjection, { after, to }: ProjectionBatch): Promise<boolean> {
  // The log is durable and the fold repeatable: a crash that loses this commit loses rows and position together, and the
  // next start folds them again. So the commit need not wait for the disk. Rows are looked up by key, and a plan made while
  // the table was empty must not walk it when it is full: without sequential scans the key's index is the only way.
  // An inline projection shares the transaction of an append, perhaps the caller's own: that one stays as it is.
  const settings = { durable: sql`set_config('synchronous_commit', 'off', true)`, walking: sql`set_config('enable_seqscan', 'off', true)` };
  const moved = await on
    .update(tracking)
    .set({ position: to })
    .where(and(eq(tracking.consumer, name), eq(tracking.position, after)))
    .returning(mode === 'inline' ? { position: tracking.position } : settings)
    .prepare('livefold_advance')
    .execute();
  return moved.length > 0;
}

async function findRows<P extends AnyProjection>(on: Session, { table, keyColumn }: P, keys: readonly string[]): Promise<readonly StoredRow<P>[]> {
  if (keys.length === 0) return [];
  const type = typeOf(keyColumn);
  return await on.select().from(table).where(sql`${keyColumn} = any (${textArray(keys)}::text[]::${type}[])`).prepare('livefold_find').execute();
}

async function selectRows<P extends AnyProjection>(on: Session, projection: P, query: RowQuery): Promise<readonly StoredRow<P>[]> {
  const { table, keyColumn } = projection;
  const { orderBy, backwards = false, limit } = query;
  const column = orderBy === undefined ? keyColumn : columnOf(table, orderBy.field);
  const isDescending = (orderBy?.descending ?? false) !== backwards;
  const direction = isDescending ? desc : asc;
  const rows = await on
    .select()
    .from(table)
    .where(
      and(
        filterSql(table, query.filter),
        query.after && beyond(column, keyColumn, query.after, (orderBy?.descending ?? false) ? '<' : '>'),
        query.before && beyond(column, keyColumn, query.before, (orderBy?.descending ?? false) ? '>' : '<'),
      ),
    )
    .orderBy(...(column === keyColumn ? [direction(keyColumn)] : [direction(column), direction(keyColumn)]))
    .limit(limit)
    .prepare('livefold_rows')
    .execute();
  return backwards ? rows.reverse() : rows;
}

function beyond(column: PgColumn, keyColumn: PgColumn, { value, key }: RowCursor, operator: '<' | '>'): SQL {
  const keyValue = sql`${key}::${typeOf(keyColumn)}`;
  if (column === keyColumn) return sql`${keyColumn} ${sql.raw(operator)} ${keyValue}`;
  const compared = sql`(${column}, ${keyColumn}) ${sql.raw(operator)} (${value}::${typeOf(column)}, ${keyValue})`;
  if (column.notNull) return compared;
  // Nulls are the largest in every order, but compare with nothing.
  if (value !== null) return operator === '>' ? sql`(${compared} or ${column} is null)` : compared;
  const isFurther = sql`${column} is null and ${keyColumn} ${sql.raw(operator)} ${keyValue}`;
  return operator === '>' ? isFurther : sql`(${column} is not null or ${isFurther})`;
}

async function guarded<Result>(projection: AnyProjection, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // What a projection's own code throws is not the database's.
    throw databaseCode(error) === undefined ? error : translateError(error, doing(projection));
  }
}

/** For what is looked up by values that clients give. */
async function asked<Result>(projection: AnyProjection, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateReadError(error, doing(projection));
  }
}

function doing(projection: AnyProjection): string {
  return `working on the table "${tableName(projection)}" of the projection "${projection.name}"`;
}
