import { LivefoldError } from '../../kernel/errors.ts';
import { showPath } from '../../kernel/value-path.ts';
import { dollar, mostLevels } from './encode-value.ts';
import type { Transcoding } from './transcoding.ts';

/** Twice as many as a value may have: each may stand in an `$object` of its own. */
const mostStoredLevels = 2 * mostLevels;

/**
 * Makes the function that gives back the value that was stored as some JSON: the JSON itself, not a copy, where nothing in
 * it stands for anything else. What it is given is never changed.
 *
 * @returns a function that throws LivefoldError `UNKNOWN_VALUE_TYPE` for a name that no transcoding has,
 *   and `INVALID_VALUE` for what its transcoding cannot read
 */
export function createDecoder(transcodings: readonly Transcoding[]): (json: unknown) => unknown {
  const byName = new Map(transcodings.map((transcoding) => [`$${transcoding.name}`, transcoding]));
  // Where the walk is: written on the way down, and read only when something cannot be decoded.
  const path: (string | number)[] = [];

  return (json) => decode(json, 0);

  function decode(json: unknown, depth: number): unknown {
    if (typeof json !== 'object' || json === null) return json;
    if (depth === mostStoredLevels)
      throw fault('INVALID_VALUE', depth, `is nested ${mostStoredLevels} levels deep`);
    return Array.isArray(json)
      ? decodeArray(json, depth)
      : decodeObject(json as Readonly<Record<string, unknown>>, depth);
  }

  function decodeArray(array: readonly unknown[], depth: number): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (let index = 0; index < array.length; index += 1) {
      const item = array[index];
      if (typeof item !== 'object' || item === null) continue;
      path[depth] = index;
      const decoded = decode(item, depth + 1);
      if (decoded === item) continue;
      copy ??= [...array];
      copy[index] = decoded;
    }
    return copy ?? array;
  }

  function decodeObject(object: Readonly<Record<string, unknown>>, depth: number): unknown {
    for (const key in object) if (key.charCodeAt(0) === dollar) return decodeTyped(object, key, depth);
    return decodeMembers(object, depth);
  }

  function decodeMembers(object: Readonly<Record<string, unknown>>, depth: number): object {
    let copy: Record<string, unknown> | undefined;
    for (const key in object) {
      const member = object[key];
      if (typeof member !== 'object' || member === null) continue;
      path[depth] = key;
      const decoded = decode(member, depth + 1);
      if (decoded === member) continue;
      // A spread takes "__proto__" for a member as any other, and assigning to a member that is there does so too.
      copy ??= { ...object };
      copy[key] = decoded;
    }
    return copy ?? object;
  }

  function decodeTyped(object: Readonly<Record<string, unknown>>, name: string, depth: number): unknown {
    const json = object[name];
    const isAlone = Object.keys(object).length === 1;
    if (isAlone && name === '$object' && typeof json === 'object' && json !== null) {
      path[depth] = name;
      return decodeMembers(json as Readonly<Record<string, unknown>>, depth + 1);
    }
    const transcoding = byName.get(name);
    if (transcoding === undefined || !isAlone)
      throw fault(
        'UNKNOWN_VALUE_TYPE',
        depth,
        `is stored as "${name}", which nothing says how to read: give createMapper its transcoding, or run the program that wrote it`,
      );
    path[depth] = name;
    const inner = decode(json, depth + 1);
    try {
      return transcoding.decode(inner);
    } catch (cause) {
      throw fault('INVALID_VALUE', depth, `is stored as "${name}" and cannot be read as one`, cause);
    }
  }

  function fault(code: string, depth: number, why: string, cause?: unknown): LivefoldError {
    const where = path.slice(0, depth);
    return new LivefoldError(code, `${showPath(where)} ${why}.`, { fields: { path: where }, cause });
  }
}
