import { getTableColumns } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { AnyProjection } from './projection.ts';

/** Which fields of a projection's rows are exact decimals, which are text in JavaScript but compare by value. */
export function decimalFields({ table }: AnyProjection): (field: string) => boolean {
  const columns: Readonly<Record<string, PgColumn>> = getTableColumns(table);
  return (field) => columns[field]?.columnType === 'PgNumeric';
}
