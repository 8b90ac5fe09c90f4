import { getTableColumns } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';

// Drizzle keeps a table's schema and columns under these registered symbols; its own `aliasedTable` reads the same.
const schemaOf = Symbol.for('drizzle:Schema');
const columnsOf = Symbol.for('drizzle:Columns');

/** A table's twin in another Postgres schema: the same name and columns, whose SQL goes to that schema. */
export function tableInSchema<Table extends PgTable>(table: Table, schema: string): Table {
  // It has all that the table has.
  const twin = Object.create(
    Object.getPrototypeOf(table),
    Object.getOwnPropertyDescriptors<object>(table),
  ) as Table;
  const columns = Object.fromEntries(
    Object.entries<PgColumn>(getTableColumns(table)).map(([field, column]) => [
      field,
      Object.create(column, { table: { value: twin } }),
    ]),
  );
  return Object.assign(twin, columns, { [schemaOf]: schema, [columnsOf]: columns });
}

/** The column of that name in a table's twin. */
export function columnInTwin(twin: PgTable, { name }: PgColumn): PgColumn {
  const column = Object.values<PgColumn>(getTableColumns(twin)).find((one) => one.name === name);
  if (column === undefined) throw new TypeError(`The table has no column "${name}".`);
  return column;
}
