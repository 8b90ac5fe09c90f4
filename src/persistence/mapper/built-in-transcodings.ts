import type { Transcoding } from './transcoding.ts';

const date: Transcoding<Date> = {
  name: 'date',
  isOne: (value): value is Date => isExactly(value, Date),
  encode: (value) => value.toISOString(),
  decode(json) {
    const decoded = new Date(textOf(json));
    if (Number.isNaN(decoded.getTime())) throw new TypeError('It is no time in ISO 8601.');
    return decoded;
  },
};

const bigint: Transcoding<bigint> = {
  name: 'bigint',
  isOne: (value) => typeof value === 'bigint',
  encode: String,
  decode(json) {
    const text = textOf(json);
    // BigInt reads an empty text as 0, and hexadecimal digits.
    if (!/^-?\d+$/.test(text)) throw new TypeError('It is no whole number in decimal digits.');
    return BigInt(text);
  },
};

/** A Buffer is bytes too, and comes back as them. */
const bytes: Transcoding<Uint8Array> = {
  name: 'bytes',
  isOne: (value) => value instanceof Uint8Array,
  encode: (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
  decode: (json) => Uint8Array.from(Buffer.from(textOf(json), 'base64')),
};

const map: Transcoding<Map<unknown, unknown>> = {
  name: 'map',
  isOne: (value) => isExactly(value, Map),
  encode: (value) => [...value],
  decode: (json) => new Map(listOf(json).map(pairOf)),
};

const set: Transcoding<Set<unknown>> = {
  name: 'set',
  isOne: (value) => isExactly(value, Set),
  encode: (value) => [...value],
  decode: (json) => new Set(listOf(json)),
};

export const builtInTranscodings: readonly Transcoding[] = [date, bigint, bytes, map, set];

/** Not of a class derived from it: what that adds would be lost without a word. */
function isExactly<Value>(value: unknown, { prototype }: { readonly prototype: Value }): value is Value {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === prototype;
}

function textOf(json: unknown): string {
  if (typeof json !== 'string') throw new TypeError('It is no text.');
  return json;
}

function listOf(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw new TypeError('It is no list.');
  return json;
}

function pairOf(json: unknown): readonly [unknown, unknown] {
  const [key, value, ...more] = listOf(json);
  if (more.length > 0) throw new TypeError('An entry of it is no pair.');
  return [key, value];
}
