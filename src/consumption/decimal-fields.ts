import { getTableColumns } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { IsDecimal } from './filter.ts';
import type { AnyProjection } from './projection.ts';

/** Which fields of a projection's rows, and of the objects in their lists, are exact decimals. */
export function decimalFields({ table, lists }: Pick<AnyProjection, 'table' | 'lists'>): IsDecimal {
  const columns = Object.entries<PgColumn>(getTableColumns(table))
    .filter(([, { columnType }]) => columnType === 'PgNumeric')
    .map(([field]) => field);
  const inLists = Object.entries(lists).flatMap(([list, fields]) =>
    Object.keys(fields)
      .filter((field) => fields[field] === 'decimal')
      .map((field) => `${list}.${field}`),
  );
  const paths = new Set([...columns, ...inLists]);
  return (path) => paths.has(path);
}
