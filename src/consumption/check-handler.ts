import type { StoredEvent } from '../domain/event.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { isStorableText } from '../kernel/storable-text.ts';

type Place = { readonly projection: string; readonly event: StoredEvent };

/**
 * What a projection says that an event concerns, each key once.
 *
 * @throws LivefoldError `INVALID_KEY` unless it is a text, several, or null
 */
export function checkKeys(keys: unknown, place: Place): readonly string[] | null {
  if (keys === null) return null;
  if (typeof keys === 'string') return [checkKey(keys, place)];
  if (!Array.isArray(keys)) throw invalidKey(keys, place);
  return [...new Set(keys.map((key) => checkKey(key, place)))];
}

function checkKey(key: unknown, place: Place): string {
  if (typeof key === 'string' && key !== '' && isStorableText(key)) return key;
  throw invalidKey(key, place);
}

function invalidKey(key: unknown, { projection, event: { type, position } }: Place): LivefoldError {
  return new LivefoldError(
    'INVALID_KEY',
    `The projection "${projection}" gave ${nameOf(key)} as a key for ${type} at position ${position}: give a text of one character or more, several of them, or null for none.`,
    { fields: { projection, type, position } },
  );
}

type RowPlace = Place & {
  readonly key: string;
  readonly keyField: string;
  /** The fields that a row cannot be without. */
  readonly required: readonly string[];
};

/**
 * The row that a fold gave: null, undefined, or an object with its key and all that its table needs. The database would see the last of a batch's rows
 * alone, and the next event would be folded into one that cannot be.
 *
 * @throws LivefoldError `INVALID_ROW`
 */
export function checkRow<Row>(row: Row, place: RowPlace): Row {
  if (row === undefined || row === null) return row;
  const { keyField, key, required } = place;
  if (typeof row !== 'object' || Array.isArray(row) || row instanceof Promise)
    throw invalidRow(nameOf(row), place);
  const field: unknown = Reflect.get(row, keyField);
  if (String(field) !== key) throw invalidRow(`a row whose ${keyField} is not its key`, place);
  const lacking = required.find((name) => (Reflect.get(row, name) ?? null) === null);
  if (lacking !== undefined) throw invalidRow(`a row without ${lacking}`, place);
  return row;
}

function invalidRow(
  what: string,
  { projection, event: { type, position }, key, keyField, required }: RowPlace,
): LivefoldError {
  return new LivefoldError(
    'INVALID_ROW',
    `The projection "${projection}" folded ${type} at position ${position} to ${what}: give an object with ${required.join(', ')}, its ${keyField} being the key; null to remove the row, or undefined to leave it.`,
    { fields: { projection, type, position, key } },
  );
}

/** What kind of thing a value is; never what it holds, which may be somebody's personal data. */
function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === '') return 'an empty text';
  if (typeof value === 'string') return 'a text that cannot be stored';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Promise) return 'a promise';
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}
