import { LivefoldError } from '../kernel/errors.ts';
import { compareText } from '../kernel/text.ts';
import { decimalFields } from './decimal-fields.ts';
import { compareValues, passes } from './filter.ts';
import type { AnyProjection, AnyRow } from './projection.ts';
import type { RowCursor, RowQuery } from './read-models.ts';

/**
 * The rows that a query means, of those given: as the read table would give them. Nulls are the largest in every order; texts
 * are in the order of their code points.
 */
export function selectRows(
  projection: AnyProjection,
  rows: Iterable<AnyRow>,
  query: RowQuery,
): readonly AnyRow[] {
  const { filter, after, before, limit, backwards = false } = query;
  const isDecimal = decimalFields(projection);
  const inOrder = orderOf(projection, query.orderBy, isDecimal);
  const meant = [...rows]
    .filter(
      (row) =>
        passes(filter, row, isDecimal) &&
        (after === undefined || inOrder(row, placeOf(row, after)) > 0) &&
        (before === undefined || inOrder(row, placeOf(row, before)) < 0),
    )
    .sort(inOrder);
  return backwards ? meant.slice(Math.max(meant.length - limit, 0)) : meant.slice(0, limit);

  /** A cursor as a row that stands there; it has values as text, which become what the row's are. */
  function placeOf(row: AnyRow, { value, key }: RowCursor): AnyRow {
    const { keyField } = projection;
    const { field = keyField } = query.orderBy ?? {};
    return { [field]: value === null ? null : parseAs(row[field], value), [keyField]: key };
  }
}

function orderOf(
  { keyField }: AnyProjection,
  { field, descending }: NonNullable<RowQuery['orderBy']> = { field: keyField, descending: false },
  isDecimal: (field: string) => boolean,
): (a: AnyRow, b: AnyRow) => number {
  const sign = descending ? -1 : 1;
  return (a, b) =>
    sign * (compareNullable(a[field], b[field]) || compareText(String(a[keyField]), String(b[keyField])));

  function compareNullable(a: unknown, b: unknown): number {
    const [isNull, isOtherNull] = [a ?? null, b ?? null].map((value) => value === null);
    if (isNull === true || isOtherNull === true) return Number(isNull) - Number(isOtherNull);
    return compareValues(a, b, isDecimal(field));
  }
}

/** The cursor's text as a value of the same type as one that is there. @throws LivefoldError `BAD_USER_INPUT` */
function parseAs(like: unknown, text: string): unknown {
  const value = valueLike(like, text);
  const isNone = value instanceof Date ? Number.isNaN(value.getTime()) : Number.isNaN(value);
  if (isNone) throw new LivefoldError('BAD_USER_INPUT', 'This is no cursor that a page gave.');
  return value;
}

function valueLike(like: unknown, text: string): unknown {
  if (like instanceof Date) return new Date(text);
  if (typeof like === 'number') return Number(text);
  return typeof like === 'boolean' ? text === 'true' : text;
}
