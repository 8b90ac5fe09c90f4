import { and, asc, desc, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { AnyProjection, StoredRow } from '../../consumption/projection.ts';
import type { RowCursor, RowQuery, Snapshot, SnapshotQuery } from '../../consumption/read-models.ts';
import { typeOf } from './column-type.ts';
import type { Session } from './database.ts';
import { columnOf, filterSql } from './filter-sql.ts';
import { decodeRow, readTableOf, selectFrom } from './read-table.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';
import { trackedPosition } from './tracked-position.ts';

/** The rows that a query means, in its order. */
export async function selectRows<P extends AnyProjection>(
  on: Session,
  projection: P,
  query: RowQuery,
): Promise<readonly StoredRow<P>[]> {
  const rows = await selectFrom(on, projection, whichRows(projection, query));
  return query.backwards ? rows.toReversed() : rows;
}

/**
 * The first rows, by key, and where their table stands. It is one statement, and so sees one moment: rows and position commit
 * together.
 */
export async function readSnapshot<P extends AnyProjection>(
  on: Session,
  tables: LivefoldTables,
  projection: P,
  query: SnapshotQuery,
): Promise<Snapshot<StoredRow<P>>> {
  const { columns, names } = readTableOf(projection);
  const { tracking } = tables;
  const statement = sql`select now.position, page.* from (select (
      select ${trackedPosition(tables)} from ${tracking} as t where t.consumer = ${projection.unit}
    ) as position) as now left join lateral (
      select true as is_there, ${names} from ${projection.table} ${whichRows(projection, query)}
    ) as page on true`;
  const found = await run(on, statement, ([position, isThere, ...values]) => ({
    position: Number(position),
    row: isThere === true ? (decodeRow(columns, values) as StoredRow<P>) : undefined,
  }));
  const rows = found.map(({ row }) => row).filter((row) => row !== undefined);
  return { position: found[0]?.position ?? 0, rows };
}

function whichRows(projection: AnyProjection, query: RowQuery): SQL {
  const { table, keyColumn } = projection;
  const { orderBy, backwards = false, limit, isByCodePoint = false } = query;
  const inOrder = isByCodePoint ? byCodePoint : asItIs;
  const key = inOrder(keyColumn);
  const ordered = orderBy === undefined ? key : inOrder(columnOf(table, orderBy.field));
  const isDescending = (orderBy?.descending ?? false) !== backwards;
  const direction = isDescending ? desc : asc;
  const where = and(
    filterSql(projection, query.filter),
    query.after && beyond(ordered, key, query.after, (orderBy?.descending ?? false) ? '<' : '>'),
    query.before && beyond(ordered, key, query.before, (orderBy?.descending ?? false) ? '>' : '<'),
  );
  const order =
    ordered.column === keyColumn
      ? direction(key.value)
      : sql`${direction(ordered.value)}, ${direction(key.value)}`;
  return sql`${where && sql`where ${where}`} order by ${order} limit ${limit}`;
}

/** A column as rows are ordered by it, and the type of what it is compared with. */
type Ordered = { readonly column: PgColumn; readonly value: SQL; readonly type: SQL };

function asItIs(column: PgColumn): Ordered {
  return { column, value: sql`${column}`, type: typeOf(column) };
}

/** Texts, and names of values, as JavaScript compares them: an index of another collation is of no use then. */
function byCodePoint(column: PgColumn): Ordered {
  const isText = /^(text|varchar|char)/.test(column.getSQLType()) || column.enumValues !== undefined;
  return isText ? { column, value: sql`${column}::text collate "C"`, type: sql`text` } : asItIs(column);
}

function beyond(ordered: Ordered, ofKey: Ordered, { value, key }: RowCursor, operator: '<' | '>'): SQL {
  const { column } = ordered;
  const keyValue = sql`${key}::${ofKey.type}`;
  if (column === ofKey.column) return sql`${ofKey.value} ${sql.raw(operator)} ${keyValue}`;
  const compared = sql`(${ordered.value}, ${ofKey.value}) ${sql.raw(operator)} (${value}::${ordered.type}, ${keyValue})`;
  if (column.notNull) return compared;
  // Nulls are the largest in every order, but compare with nothing.
  if (value !== null) return operator === '>' ? sql`(${compared} or ${column} is null)` : compared;
  const isFurther = sql`${column} is null and ${ofKey.value} ${sql.raw(operator)} ${keyValue}`;
  return operator === '>' ? isFurther : sql`(${column} is not null or ${isFurther})`;
}
