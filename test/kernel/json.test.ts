import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, fingerprint } from '../../src/kernel/json.ts';

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

test('dates are their ISO text, what JSON cannot say is left out or null', () => {
  expect(canonicalJson({ at: new Date(0), no: undefined })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  expect(canonicalJson(undefined)).toBe('null');
});

test('fingerprints tell different values apart', () => {
  const values = [null, 0, '0', [], {}, [0], { a: 0 }, { a: '0' }, { a: [0] }, { b: 0 }, '{}'];
  expect(new Set(values.map(fingerprint)).size).toBe(values.length);
  expect(fingerprint({ a: 1, b: 2 })).toBe(fingerprint({ b: 2, a: 1 }));
});
