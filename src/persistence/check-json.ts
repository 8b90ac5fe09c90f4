import { isStorableText } from '../kernel/storable-text.ts';
import { showPath } from '../kernel/value-path.ts';

/** Most bytes that JSON, or what a mapper made of it, has in an append. */
export const longestData = 1024 * 1024;

/** More than the 1,000 that a mapper makes of the deepest value that it takes, and a third of what the stack holds. */
const mostLevels = 1_100;

/** What is wrong with a value that no store can keep as it is, and where; `undefined` when it can. */
export function faultInJson(value: unknown): string | undefined {
  // Where the walk is: written on the way down, and read only when something is wrong.
  const path: (string | number)[] = [];
  // No less than the length as JSON: an escaped unit of text has six bytes, a number 24 at most.
  let bytes = 0;

  const fault = faultIn(value, 0);
  if (fault !== undefined) return fault;
  // Writing it out to measure it costs more than all the rest, and an ordinary event is far below the bound.
  return bytes > longestData && Buffer.byteLength(JSON.stringify(value)) > longestData ? tooLarge : undefined;

  function faultIn(part: unknown, depth: number): string | undefined {
    bytes += 32;
    if (typeof part === 'string') return faultInText(part, depth);
    if (typeof part === 'boolean' || part === null) return undefined;
    if (typeof part === 'number')
      return Number.isFinite(part) ? undefined : at(depth, `is ${part}, which JSON lacks`);
    if (typeof part !== 'object') return at(depth, `is a value of type ${typeof part}, which JSON lacks`);
    if (depth === mostLevels) return at(depth, `is nested ${mostLevels} levels deep, or holds itself`);
    const prototype: unknown = Object.getPrototypeOf(part);
    if (prototype === Array.prototype) return faultInArray(part as readonly unknown[], depth);
    if (prototype === Object.prototype || prototype === null)
      return faultInObject(part as Readonly<Record<string, unknown>>, depth);
    return at(
      depth,
      `is an object of the class ${String(part.constructor?.name)}, which JSON lacks: put a mapper before the store (createMapper)`,
    );
  }

  function faultInArray(array: readonly unknown[], depth: number): string | undefined {
    for (let index = 0; index < array.length; index += 1) {
      path[depth] = index;
      const fault = faultIn(array[index], depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  function faultInObject(object: Readonly<Record<string, unknown>>, depth: number): string | undefined {
    for (const key in object) {
      const member = object[key];
      // It is left out, as JSON does.
      if (member === undefined) continue;
      path[depth] = key;
      const fault = faultInText(key, depth + 1) ?? faultIn(member, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  function faultInText(text: string, depth: number): string | undefined {
    bytes += 6 * text.length;
    return isStorableText(text) ? undefined : at(depth, 'holds a NUL character or half a surrogate pair');
  }

  function at(depth: number, what: string): string {
    return `${showPath(path.slice(0, depth))} ${what}`;
  }
}

export const tooLarge = 'it is larger than 1 MiB: keep large content elsewhere and store a reference';
