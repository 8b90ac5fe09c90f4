import { LivefoldError } from '../../kernel/errors.ts';
import { showPath } from '../../kernel/value-path.ts';
import type { Transcoding } from './transcoding.ts';

/** Values within each other. One that holds itself comes here; any other is flatter by far, and the stack is twice as deep. */
export const mostLevels = 500;

/** The first character of the names that say what a stored value is. */
export const dollar = '$'.charCodeAt(0);

/**
 * Makes the function that gives a value as JSON: the value itself, not a copy, where it is JSON already.
 *
 * @returns a function that throws LivefoldError `INVALID_VALUE`, naming the path, for what nothing says how to store
 */
export function createEncoder(transcodings: readonly Transcoding[]): (value: unknown) => unknown {
  // Where the walk is: written on the way down, and read only when a value is refused.
  const path: (string | number)[] = [];

  return (value) => encode(value, 0);

  function encode(value: unknown, depth: number): unknown {
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    // The sum is 0 for −0, which JSON does not have.
    if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
    if (typeof value !== 'object') return encodeTyped(value, depth);
    if (depth === mostLevels) throw refuse(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null)
      return encodeObject(value as Readonly<Record<string, unknown>>, depth);
    if (prototype === Array.prototype) return encodeArray(value as readonly unknown[], depth);
    return encodeTyped(value, depth);
  }

  function encodeObject(object: Readonly<Record<string, unknown>>, depth: number): object {
    let copy: Record<string, unknown> | undefined;
    let isAmbiguous = false;
    for (const key in object) {
      if (key.charCodeAt(0) === dollar) isAmbiguous = true;
      const member = object[key];
      if (typeof member === 'string') continue;
      path[depth] = key;
      // As JSON does, so that what is kept in memory is what is read again.
      const encoded = member === undefined ? undefined : encode(member, depth + 1);
      if (Object.is(encoded, member) && member !== undefined) continue;
      // A spread takes "__proto__" for a member as any other, and assigning to a member that is there does so too.
      copy ??= { ...object };
      if (encoded === undefined) delete copy[key];
      else copy[key] = encoded;
    }
    return isAmbiguous ? { $object: copy ?? object } : (copy ?? object);
  }

  function encodeArray(array: readonly unknown[], depth: number): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (let index = 0; index < array.length; index += 1) {
      path[depth] = index;
      const item = array[index];
      const encoded = encode(item, depth + 1);
      if (Object.is(encoded, item)) continue;
      copy ??= [...array];
      copy[index] = encoded;
    }
    return copy ?? array;
  }

  function encodeTyped(value: unknown, depth: number): unknown {
    const transcoding = transcodings.find((one) => one.isOne(value));
    if (transcoding === undefined) throw refuse(value, depth);
    const { name } = transcoding;
    path[depth] = `$${name}`;
    return { [`$${name}`]: encode(encodeBy(transcoding, value, depth), depth + 1) };
  }

  function encodeBy(transcoding: Transcoding, value: unknown, depth: number): unknown {
    try {
      return transcoding.encode(value);
    } catch (cause) {
      throw refuse(value, depth, {
        why: `cannot be stored: its transcoding "${transcoding.name}" threw`,
        cause,
      });
    }
  }

  function refuse(
    value: unknown,
    depth: number,
    { why = whyNot(value, depth), cause }: { readonly why?: string; readonly cause?: unknown } = {},
  ): LivefoldError {
    const where = path.slice(0, depth);
    return new LivefoldError('INVALID_VALUE', `${showPath(where)} ${why}.`, {
      fields: { path: where },
      cause,
    });
  }
}

function whyNot(value: unknown, depth: number): string {
  if (depth === mostLevels) return `is nested ${mostLevels} levels deep, or holds itself`;
  if (typeof value === 'number') return `is ${value}, which JSON lacks: use null, or leave it out`;
  if (value === undefined) return 'is undefined, which JSON lacks: use null';
  if (typeof value !== 'object' || value === null) return `is a ${typeof value}, which is no data`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return `is an object of the class ${String(name)}: make it plain data, or give createMapper a transcoding for it`;
}
