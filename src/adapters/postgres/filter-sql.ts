import { and, getTableColumns, or, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { combinators, type Filter, quantifiers } from '../../consumption/filter.ts';
import type { AnyProjection, ItemField } from '../../consumption/projection.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { containsItems } from './contains-items.ts';

/**
 * A filter as SQL over a projection's table. It means the same as `passes` in floor 6: a null field meets `isNull: true` and
 * `ne` only, and texts compare by code point.
 *
 * @throws LivefoldError `BAD_USER_INPUT` for a field that the table has not
 */
export function filterSql(
  { table, lists }: Pick<AnyProjection, 'table' | 'lists'>,
  filter: Filter | null | undefined,
): SQL | undefined {
  return allOf(filter, (field, asked) => {
    const column = columnOf(table, field);
    return and(
      ...operatorsOf(asked).map(([operator, operand]) =>
        quantifiers.has(operator)
          ? listSql(column, lists[field] ?? {}, operator, Object(operand))
          : operatorSql(columnTarget(column), operator, operand),
      ),
    );
  });
}

/** The table's column of that field name. */
export function columnOf(table: PgTable, field: string): PgColumn {
  const columns: Readonly<Record<string, PgColumn>> = getTableColumns(table);
  const column = columns[field];
  if (column === undefined) throw noField(field);
  return column;
}

/** What is asked of one field as SQL. */
type AskField = (field: string, asked: unknown) => SQL | undefined;

function allOf(filter: Filter | null | undefined, ask: AskField): SQL | undefined {
  if (filter === null || filter === undefined) return undefined;
  const fields = Object.entries(filter).filter(
    ([name, asked]) => !combinators.has(name) && asked !== null && asked !== undefined,
  );
  return and(
    ...fields.map(([name, asked]) => ask(name, asked)),
    ...(filter.and ?? []).map((part) => allOf(part, ask)),
    filter.or === null || filter.or === undefined ? undefined : anyOf(filter.or, ask),
    filter.not === null || filter.not === undefined ? undefined : not(allOf(filter.not, ask)),
  );
}

function anyOf(parts: readonly Filter[], ask: AskField): SQL {
  // An empty `or` holds for nothing, as in mathematics; an empty part of it holds for everything.
  return or(sql`false`, ...parts.map((part) => allOf(part, ask) ?? sql`true`)) ?? sql`false`;
}

/** A comparison with null is null, and so is its negation: it has to be false first. */
function not(part: SQL | undefined): SQL {
  return sql`not coalesce(${part ?? sql`true`}, false)`;
}

function operatorsOf(asked: unknown): readonly (readonly [operator: string, operand: unknown])[] {
  return Object.entries(Object(asked)).filter(([, operand]) => operand !== null && operand !== undefined);
}

/** What is compared, how it is written where order counts, and how an operand becomes a parameter. */
type Target = { readonly value: SQL; readonly ordered: SQL; readonly bind: (operand: unknown) => SQL };

function columnTarget(column: PgColumn): Target {
  // Texts compare by code point whatever the database's language is; nothing else has a collation.
  const isText = /^(text|varchar|char)/.test(column.getSQLType());
  const value = sql`${column}`;
  const ordered = isText ? sql`${column} collate "C"` : value;
  return { value, ordered, bind: (operand) => sql`${sql.param(operand, column)}` };
}

const itemTypes: Readonly<Record<ItemField, SQL>> = {
  text: sql`text`,
  number: sql`numeric`,
  decimal: sql`numeric`,
  boolean: sql`boolean`,
};

function itemTarget(item: SQL, field: string, kind: ItemField): Target {
  const type = itemTypes[kind];
  const value = sql`(${item} ->> ${field}::text)::${type}`;
  const ordered = kind === 'text' ? sql`${value} collate "C"` : value;
  return { value, ordered, bind: (operand) => sql`${operand}::${type}` };
}

function operatorSql({ value, ordered, bind }: Target, operator: string, operand: unknown): SQL {
  switch (operator) {
    case 'eq':
      return sql`${value} = ${bind(operand)}`;
    case 'ne':
      return sql`(${value} <> ${bind(operand)} or ${value} is null)`;
    case 'in':
      return Array.isArray(operand) && operand.length > 0
        ? sql`${value} in (${sql.join(operand.map(bind), sql`, `)})`
        : sql`false`;
    case 'lt':
      return sql`${ordered} < ${bind(operand)}`;
    case 'lte':
      return sql`${ordered} <= ${bind(operand)}`;
    case 'gt':
      return sql`${ordered} > ${bind(operand)}`;
    case 'gte':
      return sql`${ordered} >= ${bind(operand)}`;
    case 'contains':
      return sql`strpos(${value}, ${operand}) > 0`;
    case 'startsWith':
      return sql`starts_with(${value}, ${operand})`;
    case 'isNull':
      return operand === true ? sql`${value} is null` : sql`${value} is not null`;
    default:
      throw new LivefoldError('BAD_USER_INPUT', `There is no filter operator "${operator}".`);
  }
}

function listSql(
  column: PgColumn,
  fields: Readonly<Record<string, ItemField>>,
  quantifier: string,
  filter: Filter,
): SQL {
  const holds = allOf(filter, (field, asked) => {
    const kind = fields[field];
    if (kind === undefined) throw noField(field);
    const target = itemTarget(sql`item`, field, kind);
    return and(...operatorsOf(asked).map(([operator, operand]) => operatorSql(target, operator, operand)));
  });
  const isList = sql`jsonb_typeof(${column}) = 'array'`;
  // What is no list has no items, and would be an error.
  const items = sql`select from jsonb_array_elements(case when ${isList} then ${column} else '[]' end) as items(item)`;
  if (quantifier === 'some')
    // Said a second time where an index can find it: no other lists hold what is asked for.
    return sql`(${and(containsItems(column, fields, filter), sql`exists (${items} where ${holds ?? sql`true`})`)})`;
  const offending = quantifier === 'every' ? not(holds) : (holds ?? sql`true`);
  return sql`(${isList} and not exists (${items} where ${offending}))`;
}

function noField(field: string): LivefoldError {
  return new LivefoldError('BAD_USER_INPUT', `There is no field "${field}" to filter or order by.`);
}
