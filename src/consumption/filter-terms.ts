import { combinators, type Filter, type IsDecimal } from './filter.ts';
import type { AnyRow } from './projection.ts';
import type { Term, ValuesAt } from './term-index.ts';

/**
 * The terms of which a row must have at least one to pass a filter; `null` where it may pass without. They come from `eq` and
 * `in`, in `and` and `or` too, and in `some` of a list; of several lists of terms that must each be met the shortest is enough.
 */
export function termsOf(
  filter: Filter | null | undefined,
  isDecimal: IsDecimal,
  prefix = '',
): readonly Term[] | null {
  if (filter === null || filter === undefined) return null;
  const parts = (filter.and ?? []).map((part) => termsOf(part, isDecimal, prefix));
  const fields = Object.entries(filter)
    .filter(([field]) => !combinators.has(field))
    .flatMap(([field, asked]) => termsOfField(`${prefix}${field}`, asked, isDecimal));
  return shortest([...parts, anyOf(filter.or, isDecimal, prefix), ...fields]);
}

/** The values of a row in the form that terms have. */
export function valuesIn(row: AnyRow, isDecimal: IsDecimal): ValuesAt {
  return (path) => {
    const [field = '', inner] = path.split('.');
    const value = row[field];
    if (inner === undefined) return known([value], path, isDecimal);
    if (!Array.isArray(value)) return [];
    return known(
      value.map((item) => Object(item)[inner]),
      path,
      isDecimal,
    );
  };
}

type Terms = readonly Term[] | null;

function termsOfField(path: string, asked: unknown, isDecimal: IsDecimal): readonly Terms[] {
  const { eq, in: among, some } = Object(asked);
  return [
    eq === null || eq === undefined ? null : [termOf(path, eq, isDecimal)],
    Array.isArray(among) ? among.map((value) => termOf(path, value, isDecimal)) : null,
    // Fields have no dots in their names: they are GraphQL's.
    some === null || some === undefined ? null : termsOf(some, isDecimal, `${path}.`),
  ];
}

function anyOf(parts: readonly Filter[] | null | undefined, isDecimal: IsDecimal, prefix: string): Terms {
  if (parts === null || parts === undefined) return null;
  const all: Term[] = [];
  for (const part of parts) {
    const terms = termsOf(part, isDecimal, prefix);
    if (terms === null) return null;
    all.push(...terms);
  }
  return all;
}

function shortest(lists: readonly Terms[]): Terms {
  let best: Terms = null;
  for (const list of lists) if (list !== null && (best === null || list.length < best.length)) best = list;
  return best;
}

function known(values: readonly unknown[], path: string, isDecimal: IsDecimal): readonly string[] {
  return values
    .filter((value) => value !== null && value !== undefined)
    .map((value) => textOf(path, value, isDecimal));
}

function termOf(path: string, value: unknown, isDecimal: IsDecimal): Term {
  return { path, value: textOf(path, value, isDecimal) };
}

/** Equal for what `eq` holds equal. */
function textOf(path: string, value: unknown, isDecimal: IsDecimal): string {
  if (isDecimal(path)) return plainDecimal(String(value));
  return typeof value === 'string' ? value : String(Number(value));
}

/** `1.5` for `1.50` and `01.5`, `0` for `-0.00`. */
function plainDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  const digits = `${whole || '0'}${fraction === '' ? '' : `.${fraction}`}`;
  return digits === '0' ? digits : sign + digits;
}
