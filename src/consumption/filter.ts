import { compareDecimals } from '../kernel/decimal.ts';
import { compareText } from '../kernel/text.ts';
import type { AnyRow } from './projection.ts';

/**
 * A filter over rows: fields by name, each with the operators `eq ne in lt lte gt gte contains startsWith isNull` and what
 * they compare with, and `and`, `or`, `not` over further filters. Of a field that is a list of objects, `some`, `every` and `none`
 * ask which of them pass a filter over their fields. Every part and operator given must hold; those that are
 * null or undefined ask nothing. A field that is null meets `isNull: true` and `ne` only. Decimals are text, as in rows.
 */
export type Filter = {
  readonly and?: readonly Filter[] | null;
  readonly or?: readonly Filter[] | null;
  readonly not?: Filter | null;
  readonly [field: string]: unknown;
};

/** The names in a filter that are no fields. */
export const combinators: ReadonlySet<string> = new Set(['and', 'or', 'not']);

/** What can be asked of a list. */
export const quantifiers: ReadonlySet<string> = new Set(['some', 'every', 'none']);

/** Whether a field holds exact decimals, which are text in JavaScript but compare by value: `total`, `lines.amount`. */
export type IsDecimal = (path: string) => boolean;

/**
 * Whether a row passes. It means the same as the SQL that the store makes of the filter: texts compare by code point,
 * the fields of which `isDecimal` holds by their exact value.
 */
export function passes(filter: Filter | null | undefined, row: AnyRow, isDecimal: IsDecimal): boolean {
  if (filter === null || filter === undefined) return true;
  const holds = (part: Filter): boolean => passes(part, row, isDecimal);
  return (
    Object.entries(filter).every(
      ([field, asked]) => combinators.has(field) || passesField({ field, asked, row, isDecimal }),
    ) &&
    (filter.and ?? []).every(holds) &&
    (filter.or === null || filter.or === undefined || filter.or.some(holds)) &&
    !(filter.not !== null && filter.not !== undefined && holds(filter.not))
  );
}

type Compare = (a: unknown, b: unknown) => number;

function passesField({
  field,
  asked,
  row,
  isDecimal,
}: {
  field: string;
  asked: unknown;
  row: AnyRow;
  isDecimal: IsDecimal;
}): boolean {
  if (asked === null || asked === undefined) return true;
  const value = row[field];
  const by: Compare = (a, b) => compareValues(a, b, isDecimal(field));
  return Object.entries(asked).every(([operator, operand]) => {
    if (operand === null || operand === undefined) return true;
    if (!quantifiers.has(operator)) return operate({ operator, value, operand, by });
    return passesList(operator, operand, value, (path) => isDecimal(`${field}.${path}`));
  });
}

function passesList(quantifier: string, filter: Filter, list: unknown, isDecimal: IsDecimal): boolean {
  if (!Array.isArray(list)) return false;
  const holds = (item: unknown): boolean => passes(filter, Object(item), isDecimal);
  if (quantifier === 'every') return list.every(holds);
  return list.some(holds) === (quantifier === 'some');
}

function operate({
  operator,
  value,
  operand,
  by,
}: {
  operator: string;
  value: unknown;
  operand: unknown;
  by: Compare;
}): boolean {
  const isNull = value === null || value === undefined;
  if (operator === 'isNull') return isNull === operand;
  if (isNull) return operator === 'ne';
  switch (operator) {
    case 'eq':
      return by(value, operand) === 0;
    case 'ne':
      return by(value, operand) !== 0;
    case 'in':
      return Array.isArray(operand) && operand.some((one) => by(value, one) === 0);
    case 'lt':
      return by(value, operand) < 0;
    case 'lte':
      return by(value, operand) <= 0;
    case 'gt':
      return by(value, operand) > 0;
    case 'gte':
      return by(value, operand) >= 0;
    case 'contains':
      return String(value).includes(String(operand).toWellFormed());
    case 'startsWith':
      return String(value).startsWith(String(operand).toWellFormed());
    default:
      return false;
  }
}

/** Compares two values of a field that are not null, as its column does. */
export function compareValues(a: unknown, b: unknown, areDecimals: boolean): number {
  if (areDecimals) return compareDecimals(String(a), String(b));
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  return Number(a) - Number(b);
}
