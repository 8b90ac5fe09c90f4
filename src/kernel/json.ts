import { createHash } from 'node:crypto';

/** A value that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * JSON text with the keys of every object in code-unit order: equal values give equal text. What JSON lacks is written so
 * that nothing else is: a date, a bigint, bytes, and a map or a set, whose order does not count.
 */
export function canonicalJson(value: unknown): string {
  return writeItem(value);
}

/** SHA-256 over canonical JSON, as hex: the same input gives the same fingerprint whatever its key order. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/**
 * The value as a store gives it back: without members that are `undefined`, 0 for −0, bytes for a Buffer. What else JSON lacks
 * (dates, bigints, maps, sets, bytes) stays as it is. The same value when there is nothing to change.
 */
export function normalize<Value>(value: Value): Value {
  // What changes is no part of the type's meaning.
  return normalizeAny(value) as Value;
}

function normalizeAny(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value;
  if (Array.isArray(value)) return normalizeList(value);
  if (isPlainObject(value)) return normalizeObject(value);
  return Buffer.isBuffer(value) ? Uint8Array.from(value) : value;
}

function normalizeList(list: readonly unknown[]): readonly unknown[] {
  const items = list.map(normalizeAny);
  return items.every((item, index) => Object.is(item, list[index])) ? list : items;
}

function normalizeObject(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | undefined;
  for (const key in object) {
    const member = object[key];
    const normal = normalizeAny(member);
    if (normal !== undefined && Object.is(normal, member)) continue;
    // Nearly every object needs no copy; one that does takes "__proto__" for a member as any other.
    copy ??= { ...object };
    if (normal === undefined) delete copy[key];
    else copy[key] = normal;
  }
  return copy ?? object;
}

// Texts grow in place: this runs for every command, and lists of parts made it twice as slow.

/** `undefined` for what JSON leaves out. */
function write(value: unknown): string | undefined {
  if (typeof value === 'bigint') return `bigint(${value})`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return writeList(value);
  return isPlainObject(value) ? writeObject(value) : writeInstance(value);
}

function writeItem(item: unknown): string {
  return write(item) ?? 'null';
}

function writeList(list: readonly unknown[]): string {
  let text = '';
  for (const item of list) text += `${text === '' ? '' : ','}${writeItem(item)}`;
  return `[${text}]`;
}

function writeObject(object: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const key of Object.keys(object).sort()) {
    const member = write(object[key]);
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${member}`;
  }
  return `{${text}}`;
}

function writeInstance(value: object): string {
  if (value instanceof Date) return `date(${value.getTime()})`;
  if (value instanceof Map) return `map(${[...value].map(writeItem).sort()})`;
  if (value instanceof Set) return `set(${[...value].map(writeItem).sort()})`;
  if (value instanceof Uint8Array) return `bytes(${Buffer.from(value).toString('base64')})`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return writeItem(value.toJSON());
  return writeObject({ ...value });
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
