import { type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** A column's type as a cast takes it: without the collation, which belongs to the column. */
export function typeOf(column: PgColumn): SQL {
  return sql.raw(column.getSQLType().replace(/ collate .*$/i, ''));
}
