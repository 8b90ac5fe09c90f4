import { getTableColumns, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { getTableConfig, type PgColumn } from 'drizzle-orm/pg-core';
import type { RowChange } from '../../consumption/fold-rows.ts';
import type { AnyProjection } from '../../consumption/projection.ts';
import { textArray } from './array-literal.ts';
import { typeOf } from './column-type.ts';
import type { Session } from './database.ts';
import type { LivefoldTables } from './tables.ts';

/** So many removals are remembered for each projection: a client that resumes from before them gets a new snapshot. */
const mostTombstones = 10_000;

/** Writes what a batch changed: one upsert for all rows, one delete for all removed, and their tombstones. */
export async function writeRows(transaction: Session, tables: LivefoldTables, projection: AnyProjection, changes: readonly RowChange[]): Promise<void> {
  const kept = changes.filter(({ after }) => after !== undefined);
  const removed = changes.filter(({ after }) => after === undefined);
  await Promise.all([
    kept.length > 0 ? upsert(transaction, projection, kept) : undefined,
    removed.length > 0 ? remove(transaction, tables, projection, removed) : undefined,
  ]);
}

/** The rows travel as one array of texts for each column: Postgres reads it far faster than JSON that names every field. */
async function upsert(transaction: Session, projection: AnyProjection, changes: readonly RowChange[]): Promise<void> {
  const { table, keyColumn } = projection;
  const columns = Object.entries<PgColumn>(getTableColumns(table)).map(([field, column]) => ({ field, column, name: sql.identifier(column.name) }));
  const values = columns.map(({ field, column }) => textArray(changes.map((change) => encodeValue(column, valueOf(change, field)))));
  const list = (parts: readonly SQLWrapper[]): SQL => sql.join([...parts], sql`, `);
  await transaction.execute(sql`insert into ${table} (${list(columns.map(({ name }) => name))})
    select ${list(columns.map(({ column, name }) => sql`r.${name}::${typeOf(column)}`))}
    from unnest(${list(values.map((value) => sql`${value}::text[]`))}) as r(${list(columns.map(({ name }) => name))})
    on conflict (${sql.identifier(keyColumn.name)}) do update
    set ${list(columns.filter(({ column }) => column !== keyColumn).map(({ name }) => sql`${name} = excluded.${name}`))}`);
}

function valueOf({ after, position }: RowChange, field: string): unknown {
  return field === 'position' ? position : after?.[field];
}

/** A value as the text that the column's type reads. */
function encodeValue(column: PgColumn, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const encoded = column.mapToDriverValue(value);
  if (encoded instanceof Date) return encoded.toISOString();
  return encoded instanceof Uint8Array ? `\\x${Buffer.from(encoded).toString('hex')}` : String(encoded);
}

async function remove(transaction: Session, { tombstones, tracking }: LivefoldTables, projection: AnyProjection, changes: readonly RowChange[]): Promise<void> {
  const { table, keyColumn, name } = projection;
  const keys = textArray(changes.map(({ key }) => key));
  const positions = `{${changes.map(({ position }) => position).join(',')}}`;
  const keyType = typeOf(keyColumn);
  await transaction.execute(sql`delete from ${table} where ${keyColumn} = any (${keys}::text[]::${keyType}[])`);
  await transaction.execute(sql`insert into ${tombstones} (projection, key, position)
    select ${name}, key, position from unnest(${keys}::text[], ${positions}::bigint[]) as r(key, position)
    on conflict (projection, key) do update set position = excluded.position`);
  await transaction.execute(sql`with old as (
      delete from ${tombstones} where projection = ${name} and position <= (
        select position from ${tombstones} where projection = ${name} order by position desc offset ${mostTombstones} limit 1)
      returning position)
    update ${tracking} set horizon = greatest(horizon, (select max(position) from old))
    where consumer = ${name} and exists (select 1 from old)`);
}

/** The name of a read table, with its schema if it has one. For messages. */
export function tableName(projection: AnyProjection): string {
  const { schema, name } = getTableConfig(projection.table);
  return schema === undefined ? name : `${schema}.${name}`;
}
