import { getTableColumns, sql } from 'drizzle-orm';
import { getTableConfig, type PgColumn } from 'drizzle-orm/pg-core';
import type { RowChange } from '../../consumption/fold-rows.ts';
import type { AnyProjection, AnyRow } from '../../consumption/projection.ts';
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

/** The rows travel as one JSON parameter, which Postgres reads with the table's own column types. */
async function upsert(transaction: Session, projection: AnyProjection, changes: readonly RowChange[]): Promise<void> {
  const { table, keyColumn } = projection;
  const columns = Object.entries<PgColumn>(getTableColumns(table));
  const rows = JSON.stringify(changes.map(({ after, position }) => encodeRow(columns, { ...after, position })));
  const names = sql.join(
    columns.map(([, { name }]) => sql.identifier(name)),
    sql`, `,
  );
  const updates = sql.join(
    columns.filter(([, { primary }]) => !primary).map(([, { name }]) => sql`${sql.identifier(name)} = excluded.${sql.identifier(name)}`),
    sql`, `,
  );
  await transaction.execute(sql`insert into ${table} (${names}) select ${names} from json_populate_recordset(null::${table}, ${rows}::json)
    on conflict (${sql.identifier(keyColumn.name)}) do update set ${updates}`);
}

function encodeRow(columns: readonly (readonly [string, PgColumn])[], row: AnyRow): AnyRow {
  return Object.fromEntries(columns.map(([field, column]) => [column.name, encodeValue(column, row[field])]));
}

function encodeValue(column: PgColumn, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  // Drizzle would write JSON as text here; inside our JSON parameter it stays a value.
  return column.dataType === 'json' ? value : column.mapToDriverValue(value);
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
