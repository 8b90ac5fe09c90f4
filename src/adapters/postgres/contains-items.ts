import { and, or, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { combinators, type Filter } from '../../consumption/filter.ts';
import type { ItemField } from '../../consumption/projection.ts';

/** Each is a search of its own in the index. */
const mostSearches = 100;

/**
 * What holds of every list that has an item which passes a filter, as containment, which a GIN index answers; undefined where the filter
 * asks for no text by `eq` or `in`. It is for the index alone: it may hold of other lists too.
 */
export function containsItems(
  column: PgColumn,
  fields: Readonly<Record<string, ItemField>>,
  filter: Filter | null | undefined,
): SQL | undefined {
  if (filter === null || filter === undefined) return undefined;
  const parts = (filter.and ?? []).map((part) => containsItems(column, fields, part));
  const asked = Object.entries(filter)
    // Equal decimals and numbers are written in more than one way.
    .filter(([field]) => !combinators.has(field) && fields[field] === 'text')
    .flatMap(([field, operators]) => {
      const { eq, in: among } = Object(operators);
      return [containsAny(column, field, [eq]), containsAny(column, field, among)];
    });
  return and(...parts, ...asked, anyOf(filter.or?.map((part) => containsItems(column, fields, part))));
}

function anyOf(parts: readonly (SQL | undefined)[] = []): SQL | undefined {
  return parts.includes(undefined) ? undefined : or(...parts);
}

function containsAny(column: PgColumn, field: string, values: unknown): SQL | undefined {
  if (!Array.isArray(values)) return undefined;
  const forms = values.flatMap(formsOf);
  if (forms.includes(null) || forms.length > mostSearches) return undefined;
  const name = JSON.stringify(field);
  return or(...forms.map((form) => sql`${column} @> ${`[{${name}:${form}}]`}::jsonb`));
}

/** The JSON that reads as a text: mostly the text itself, but a list may hold numbers where texts were announced. */
function formsOf(value: unknown): readonly (string | null)[] {
  if (value === null || value === undefined) return [null];
  const text = String(value).toWellFormed();
  // What JSON in Postgres cannot hold, numbers of so many digits too, and what may be written in more than one way.
  if (text.includes('\0') || /^[[{]/.test(text) || text.length > 1_000) return [null];
  const isPlain = /^(true|false|-?(0|[1-9]\d*)(\.\d+)?)$/.test(text);
  return [JSON.stringify(text), ...(isPlain ? [text] : [])];
}
