import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, fingerprint, normalize } from '../../src/kernel/json.ts';

/** The same value with the keys of every object put in the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, turned(inner)])
      .toReversed(),
  );
}

test('canonical JSON does not depend on the order of keys, and says the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(turned(value))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('keys stand in code-unit order at every depth, items as they were', () => {
  expect(canonicalJson({ b: [{ z: 1, a: 2 }, 'x'], a: { d: null, C: true } })).toBe(
    '{"a":{"C":true,"d":null},"b":[{"a":2,"z":1},"x"]}',
  );
});

test('what JSON leaves out is left out here too, or null', () => {
  expect(canonicalJson({ no: undefined, list: [undefined, Number.NaN] })).toBe('{"list":[null,null]}');
  expect(canonicalJson(undefined)).toBe('null');
  expect(canonicalJson({ at: new URL('http://a/') })).toBe('{"at":"http://a/"}');
});

test('what JSON lacks is told apart from each other, from its text and from the empty object', () => {
  const values = [
    {},
    '1',
    1,
    1n,
    'bigint(1)',
    new Date(1),
    '1970-01-01T00:00:00.001Z',
    new Map(),
    new Map([[1, 1]]),
    new Map([['1', 1]]),
    new Set(),
    new Set([1]),
    new Set(['1']),
    new Uint8Array([1]),
    new Uint8Array(),
    [1],
  ];
  expect(new Set(values.map(fingerprint)).size).toBe(values.length);
  expect(new Set(values.map((value) => fingerprint({ value }))).size).toBe(values.length);
});

test('the order of a map and of a set does not count, at any depth', () => {
  const [one, other] = [
    [1n, { a: 1, b: 2 }],
    [{ b: 2, a: 1 }, 1n],
  ];
  expect(fingerprint(new Set(one))).toBe(fingerprint(new Set(other)));
  expect(fingerprint(new Map([['x', new Set(one)], ['y', null] as never]))).toBe(
    fingerprint(new Map([['y', null] as never, ['x', new Set(other)]])),
  );
  expect(fingerprint(Buffer.from('a'))).toBe(fingerprint(new Uint8Array([97])));
});

test('fingerprints tell different values apart', () => {
  const values = [null, 0, '0', [], {}, [0], { a: 0 }, { a: '0' }, { a: [0] }, { b: 0 }, '{}'];
  expect(new Set(values.map(fingerprint)).size).toBe(values.length);
  expect(fingerprint({ a: 1, b: 2 })).toBe(fingerprint({ b: 2, a: 1 }));
});

test('normalized is what JSON gives back', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.string(), (value, key) => {
      const faulty = { [key]: value, none: undefined, list: [{ none: undefined, zero: -0 }] };
      expect(normalize(faulty)).toStrictEqual(JSON.parse(JSON.stringify(faulty)));
    }),
  );
});

test('what is normal already is given back itself', () => {
  const date = new Date(0);
  const value = { a: [1, { b: date }], c: new Map([[1, -0]]), d: 5n, e: null, f: [[]], ['__proto__']: 1 };
  expect(normalize(value)).toBe(value);
  expect(normalize({ date, none: undefined }).date).toBe(date);
});

test('only what changes is copied', () => {
  const same = { deep: [1] };
  const value = { same, zero: -0 };
  const normal = normalize(value);
  expect(normal.same).toBe(same);
  expect(Object.is(normal.zero, 0)).toBe(true);
  expect(Object.is(value.zero, -0)).toBe(true);
});

test('a buffer becomes the bytes that it is', () => {
  expect(normalize({ bytes: Buffer.from('a') })).toStrictEqual({ bytes: new Uint8Array([97]) });
});
