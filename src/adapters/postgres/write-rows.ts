import { type SQL, sql } from 'drizzle-orm';
import { getTableConfig, type PgColumn } from 'drizzle-orm/pg-core';
import type { FoldedBatch } from '../../consumption/fold-batch.ts';
import type { RowChange } from '../../consumption/fold-rows.ts';
import type { Lease } from '../../consumption/lease-store.ts';
import type { AnyProjection, AnyRow } from '../../consumption/projection.ts';
import type { ProjectionBatch } from '../../consumption/read-models.ts';
import type { Position } from '../../persistence/event-store.ts';
import { plainArray, textArray } from './array-literal.ts';
import { typeOf } from './column-type.ts';
import type { Session } from './database.ts';
import { asKept, keepBack } from './keep-back.ts';
import { announceMove } from './postgres-news.ts';
import { decodeRow, readTableOf } from './read-table.ts';
import { rowRefused } from './row-fault.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';

/** So many removals are remembered for each projection: a client that resumes from before them gets a new snapshot. */
const mostTombstones = 10_000;

/** That the statement's own part which moves the position has moved it. */
const hasMoved = sql`exists (select from moved)`;

/**
 * Moves the position and writes what a batch changed and keeps back, in one statement and so in one transaction. False, and nothing
 * written, when the position was not where the batch begins, or the lease has changed hands: the row's lock lets one runner at a time go on.
 */
export async function writeRows(
  session: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  batch: ProjectionBatch,
  { changes, keptBack }: FoldedBatch,
): Promise<boolean> {
  const kept = changes.filter(({ after }) => after !== undefined);
  const removed = changes.filter(({ after }) => after === undefined);
  const parts = [
    sql`moved as (${move(tables, projection, batch)})`,
    ...(kept.length > 0 ? [sql`stored as (${upsert(projection, kept, hasMoved)})`] : []),
    ...(removed.length > 0
      ? [
          sql`removed as (${remove(projection, removed, hasMoved)})`,
          sql`buried as (${bury(tables, projection, removed, hasMoved)})`,
        ]
      : []),
    ...(keptBack.length > 0
      ? [sql`parked as (${keepBack(tables, projection.name, asKept(keptBack), hasMoved)})`]
      : []),
  ];
  const moved = await run(session, sql`with ${sql.join(parts, sql`, `)} select true from moved`, () => true);
  if (removed.length > 0) await forgetOldTombstones(session, tables, projection);
  return moved.length > 0;
}

/** Moves the position alone, in the caller's transaction; the same conditions. */
export async function movePosition(
  transaction: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  batch: ProjectionBatch,
): Promise<boolean> {
  return (await run(transaction, move(tables, projection, batch), () => true)).length > 0;
}

/** Writes changes in the caller's transaction, removals first: what a row leaves, another may take. */
export async function writeChanges(
  transaction: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  changes: readonly RowChange[],
): Promise<void> {
  const kept = changes.filter(({ after }) => after !== undefined);
  const removed = changes.filter(({ after }) => after === undefined);
  if (removed.length > 0) {
    await run(
      transaction,
      sql`with removed as (${remove(projection, removed)}) ${bury(tables, projection, removed)}`,
      () => undefined,
    );
    await forgetOldTombstones(transaction, tables, projection);
  }
  if (kept.length > 0) await run(transaction, upsert(projection, kept), () => undefined);
}

/** Remembers keys whose rows were removed otherwise, and where, in the caller's transaction. */
export async function buryKeys(
  transaction: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  removed: ReadonlyMap<string, Position>,
): Promise<void> {
  if (removed.size === 0) return;
  const keys = [...removed].map(([key, position]) => ({ key, position }));
  await run(transaction, bury(tables, projection, keys), () => undefined);
  await forgetOldTombstones(transaction, tables, projection);
}

function move(
  { schema, tracking }: LivefoldTables,
  { unit, mode }: AnyProjection,
  { after, to, lease, isNews = false }: ProjectionBatch,
): SQL {
  // The log is durable and the fold repeatable: a crash that loses this commit loses rows and position together, and the
  // next start folds them again. So the commit need not wait for the disk. An inline projection shares the transaction of an
  // append, perhaps the caller's own: that one has to.
  const durability = mode === 'inline' ? sql`position` : sql`set_config('synchronous_commit', 'off', true)`;
  const news = isNews ? sql`, ${announceMove(schema.schemaName, unit, to)}` : sql``;
  return sql`update ${tracking} set position = ${to} where consumer = ${unit} and position = ${after} and ${isHeld(lease)} returning ${durability}${news}`;
}

/** Whether the lease still is what it was; without an owner, whether there is nothing to lease but the whole. */
export function isHeld(lease: Lease | undefined): SQL {
  if (lease === undefined) return sql`shards = 1`;
  const isSame = sql`token = ${lease.token}`;
  return lease.owner === null
    ? sql`shards = 1 and ${isSame}`
    : sql`owner = ${lease.owner}::uuid and ${isSame}`;
}

function upsert(projection: AnyProjection, changes: readonly RowChange[], condition = sql`true`): SQL {
  const { insert, row, update } = readTableOf(projection);
  const rows = changes.map(({ after, position }) => ({ ...after, position }));
  return sql`${insert} unnest(${valuesOf(projection, rows)}) as ${row} where ${condition} ${update}`;
}

/** Rows travel as one array of texts for each column: Postgres reads it far faster than JSON that names every field. */
function valuesOf(projection: AnyProjection, rows: readonly AnyRow[]): SQL {
  const { columns } = readTableOf(projection);
  const values = columns.map(
    ({ field, column }) =>
      sql`${textArray(rows.map((row) => encodeField(projection, column, row[field])))}::text[]`,
  );
  return sql.join(values, sql`, `);
}

/** Rows as the table would give them back: each value goes through its column's type. */
export async function castRows(
  session: Session,
  projection: AnyProjection,
  rows: readonly AnyRow[],
): Promise<readonly AnyRow[]> {
  const { columns, cast, row } = readTableOf(projection);
  return run(session, sql`${cast} unnest(${valuesOf(projection, rows)}) as ${row}`, (values) =>
    decodeRow(columns, values),
  );
}

function encodeField(projection: AnyProjection, column: PgColumn, value: unknown): string | null {
  try {
    return encodeValue(column, value);
  } catch (cause) {
    throw rowRefused(projection, {
      cause,
      why: `its value for the column "${column.name}" is of another type`,
    });
  }
}

/** A value as the text that the column's type reads. */
function encodeValue(column: PgColumn, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const encoded = column.mapToDriverValue(value);
  if (encoded instanceof Date) return encoded.toISOString();
  return encoded instanceof Uint8Array ? `\\x${Buffer.from(encoded).toString('hex')}` : String(encoded);
}

function remove(
  { table, keyColumn }: AnyProjection,
  changes: readonly RowChange[],
  condition = sql`true`,
): SQL {
  const keys = textArray(changes.map(({ key }) => key));
  return sql`delete from ${table} using unnest(${keys}::text[]) as k(key) where ${keyColumn} = k.key::${typeOf(keyColumn)} and ${condition}`;
}

function bury(
  { tombstones }: LivefoldTables,
  { name }: AnyProjection,
  changes: readonly Pick<RowChange, 'key' | 'position'>[],
  condition = sql`true`,
): SQL {
  const keys = textArray(changes.map(({ key }) => key));
  const positions = plainArray(changes.map(({ position }) => position));
  return sql`insert into ${tombstones} (projection, key, position)
    select ${name}, r.key, r.position from unnest(${keys}::text[], ${positions}::bigint[]) as r(key, position) where ${condition}
    on conflict (projection, key) do update set position = excluded.position`;
}

/** The horizon goes up with what is forgotten, in one statement: nobody resumes from before it. */
async function forgetOldTombstones(
  session: Session,
  { tombstones, tracking }: LivefoldTables,
  { name }: AnyProjection,
): Promise<void> {
  const statement = sql`with old as (
      delete from ${tombstones} where projection = ${name} and position <= (
        select position from ${tombstones} where projection = ${name} order by position desc offset ${mostTombstones} limit 1)
      returning position)
    update ${tracking} set horizon = greatest(horizon, (select max(position) from old)) where consumer = ${name} and exists (select from old)`;
  await run(session, statement, () => undefined);
}

/** The name of a read table, with its schema if it has one. For messages. */
export function tableName(projection: AnyProjection): string {
  const { schema, name } = getTableConfig(projection.table);
  return schema === undefined ? name : `${schema}.${name}`;
}
