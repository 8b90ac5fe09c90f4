import { Column, getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { AnyProjection, StoredRow } from '../../consumption/projection.ts';
import { textArray } from './array-literal.ts';
import { typeOf } from './column-type.ts';
import type { Session } from './database.ts';
import { fixed, run } from './statement.ts';

type ReadColumn = {
  readonly field: string;
  readonly column: PgColumn;
  /** Makes the column's value from the driver's; null where they are the same. */
  readonly decode: ((value: unknown) => unknown) | null;
};

/** The fixed parts of the statements on one projection's table. */
type ReadTable = {
  readonly columns: readonly ReadColumn[];
  /** `select … from table` */
  readonly select: SQL;
  /** The columns' names. */
  readonly names: SQL;
  /** As many nulls. */
  readonly noValues: SQL;
  /** `select … from table as t join unnest` */
  readonly find: SQL;
  /** The same, behind each row the key that it was asked for by. */
  readonly findEach: SQL;
  /** `as k(key) on t.key = k.key` */
  readonly isFound: SQL;
  /** `insert into table (…) select … from` */
  readonly insert: SQL;
  /** `select … from`, each value cast to its column's type. */
  readonly cast: SQL;
  /** `r(…)`: what the insert and the cast select from. */
  readonly row: SQL;
  /** `on conflict (key) do update set …` */
  readonly update: SQL;
};

// Projections are few and live as long as the program.
const known = new WeakMap<AnyProjection, ReadTable>();

/** The fixed parts for a projection, written at its first use. */
export function readTableOf(projection: AnyProjection): ReadTable {
  const kept = known.get(projection);
  if (kept !== undefined) return kept;
  const made = describe(projection);
  known.set(projection, made);
  return made;
}

/** The rows of some keys, in no order. */
export async function findRows<P extends AnyProjection>(
  session: Session,
  projection: P,
  keys: readonly string[],
): Promise<readonly StoredRow<P>[]> {
  if (keys.length === 0) return [];
  const { columns, find, isFound } = readTableOf(projection);
  // Joined, not compared with `any`: whatever the plan, its cost does not grow with rows times keys.
  return run(
    session,
    sql`${find}(${textArray(keys)}::text[]) ${isFound}`,
    (values): StoredRow<P> => decodeRow(columns, values),
  );
}

/** The rows that the rest of the statement means, and in its order: `where … order by … limit …`. */
export async function selectFrom<P extends AnyProjection>(
  session: Session,
  projection: P,
  rest: SQL,
): Promise<readonly StoredRow<P>[]> {
  const { columns, select } = readTableOf(projection);
  return run(session, sql`${select} ${rest}`, (values): StoredRow<P> => decodeRow(columns, values));
}

/** A row from the driver's values, in the order of the columns. */
export function decodeRow(
  columns: ReadTable['columns'],
  values: readonly unknown[],
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  // No iterator for each row: thousands are read in a second.
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index];
    if (column === undefined) continue;
    const value = values[index] ?? null;
    row[column.field] = value === null || column.decode === null ? value : column.decode(value);
  }
  return row;
}

function describe({ table, keyColumn }: AnyProjection): ReadTable {
  const columns = Object.entries<PgColumn>(getTableColumns(table)).map(([field, column]) => ({
    field,
    column,
    decode: decoderOf(column),
  }));
  const names = columns.map(({ column }) => sql.identifier(column.name));
  const list = (parts: readonly SQL[]): SQL => sql.join([...parts], sql`, `);
  const nameList = list(names.map((name) => sql`${name}`));
  const tableNames = list(names.map((name) => sql`t.${name}`));
  const casts = columns.map(({ column }) => sql`r.${sql.identifier(column.name)}::${typeOf(column)}`);
  const cast = fixed(sql`select ${list(casts)} from`);
  const rest = columns
    .filter(({ column }) => column !== keyColumn)
    .map(({ column }) => sql.identifier(column.name));
  return {
    columns,
    select: fixed(sql`select ${nameList} from ${table}`),
    names: fixed(nameList),
    noValues: fixed(list(names.map(() => sql`null`))),
    find: fixed(sql`select ${tableNames} from ${table} as t join unnest`),
    findEach: fixed(sql`select ${tableNames}, k.key from ${table} as t join unnest`),
    isFound: fixed(sql`as k(key) on t.${sql.identifier(keyColumn.name)} = k.key::${typeOf(keyColumn)}`),
    insert: fixed(sql`insert into ${table} (${nameList}) ${cast}`),
    cast,
    row: fixed(sql`r(${nameList})`),
    update: fixed(
      sql`on conflict (${sql.identifier(keyColumn.name)}) do update set ${list(rest.map((name) => sql`${name} = excluded.${name}`))}`,
    ),
  };
}

function decoderOf(column: PgColumn): ReadColumn['decode'] {
  return column.mapFromDriverValue === Column.prototype.mapFromDriverValue
    ? null
    : (value) => column.mapFromDriverValue(value);
}
