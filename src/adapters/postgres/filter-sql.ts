import { and, eq, getTableColumns, inArray, isNotNull, isNull, ne, or, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { combinators, type Filter } from '../../consumption/filter.ts';
import { LivefoldError } from '../../kernel/errors.ts';

/**
 * A filter as SQL over a table. It means the same as `passes` in floor 6: a null field meets `isNull: true` and `ne` only,
 * and texts compare by code point.
 *
 * @throws LivefoldError `BAD_USER_INPUT` for a field that the table has not
 */
export function filterSql(table: PgTable, filter: Filter | null | undefined): SQL | undefined {
  if (filter === null || filter === undefined) return undefined;
  const fields = Object.entries(filter).filter(
    ([name, asked]) => !combinators.has(name) && asked !== null && asked !== undefined,
  );
  const parts = [
    ...fields.map(([name, asked]) => fieldSql(columnOf(table, name), asked)),
    ...(filter.and ?? []).map((part) => filterSql(table, part)),
    filter.or === null || filter.or === undefined ? undefined : anyOf(table, filter.or),
    filter.not === null || filter.not === undefined ? undefined : noneOf(table, filter.not),
  ];
  return and(...parts);
}

/** The table's column of that field name. */
export function columnOf(table: PgTable, field: string): PgColumn {
  const columns: Readonly<Record<string, PgColumn>> = getTableColumns(table);
  const column = columns[field];
  if (column === undefined)
    throw new LivefoldError('BAD_USER_INPUT', `There is no field "${field}" to filter or order by.`);
  return column;
}

function anyOf(table: PgTable, parts: readonly Filter[]): SQL {
  // An empty `or` holds for nothing, as in mathematics; an empty part of it holds for everything.
  return or(sql`false`, ...parts.map((part) => filterSql(table, part) ?? sql`true`)) ?? sql`false`;
}

function noneOf(table: PgTable, part: Filter): SQL {
  // A comparison with null is null, and so is its negation: under `not` it has to be false first.
  return sql`not coalesce(${filterSql(table, part) ?? sql`true`}, false)`;
}

function fieldSql(column: PgColumn, asked: unknown): SQL | undefined {
  const operators = Object.entries(Object(asked)).filter(
    ([, operand]) => operand !== null && operand !== undefined,
  );
  return and(...operators.map(([operator, operand]) => operatorSql(column, operator, operand)));
}

const comparisons: Readonly<Record<string, SQL>> = { lt: sql`<`, lte: sql`<=`, gt: sql`>`, gte: sql`>=` };

function operatorSql(column: PgColumn, operator: string, operand: unknown): SQL {
  const comparison = comparisons[operator];
  if (comparison !== undefined)
    return sql`${column} ${collation(column)} ${comparison} ${sql.param(operand, column)}`;
  switch (operator) {
    case 'eq':
      return eq(column, operand);
    case 'ne':
      return or(ne(column, operand), isNull(column)) ?? sql`false`;
    case 'in':
      return Array.isArray(operand) && operand.length > 0 ? inArray(column, operand) : sql`false`;
    case 'contains':
      return sql`strpos(${column}, ${operand}) > 0`;
    case 'startsWith':
      return sql`starts_with(${column}, ${operand})`;
    case 'isNull':
      return operand === true ? isNull(column) : isNotNull(column);
    default:
      throw new LivefoldError('BAD_USER_INPUT', `There is no filter operator "${operator}".`);
  }
}

/** Texts compare by code point whatever the database's language is; nothing else has a collation. */
function collation(column: PgColumn): SQL {
  return /^(text|varchar|char)/.test(column.getSQLType()) ? sql`collate "C"` : sql``;
}
