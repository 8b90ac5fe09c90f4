import { describe, expect, test } from 'vitest';
import { sampleEvent } from '../../src/consumption/contract/sample-events.ts';
import type { PreparedEvent } from '../../src/domain/event.ts';
import { checkAppend } from '../../src/persistence/check-append.ts';

function check(parts: Partial<PreparedEvent>): void {
  checkAppend({ events: [sampleEvent(), sampleEvent(parts)] });
}

const longest = 1024 * 1024;

describe('data that JSON would change without a word is refused:', () => {
  class Point {
    x = 1;
  }
  const itself: Record<string, unknown> = {};
  itself.itself = itself;
  test.each([
    ['NaN', { a: [{ b: Number.NaN }] }, 'a.0.b is NaN'],
    ['Infinity', Number.POSITIVE_INFINITY, 'the value is Infinity'],
    ['a date', { at: new Date(0) }, 'at is an object of the class Date'],
    ['a class instance', { at: new Point() }, 'at is an object of the class Point'],
    ['a map', { map: new Map() }, 'map is an object of the class Map'],
    ['bytes within it', { raw: new Uint8Array(1) }, 'raw is an object of the class Uint8Array'],
    ['undefined in a list', [1, undefined], '1 is a value of type undefined'],
    // biome-ignore lint/suspicious/noSparseArray: holes are what this is about.
    ['a hole in a list', [, 1], '0 is a value of type undefined'],
    ['undefined itself', undefined, 'the value is a value of type undefined'],
    ['a function', { f: () => 1 }, 'f is a value of type function'],
    ['a toJSON of its own', { toJSON: () => 'other' }, 'toJSON is a value of type function'],
    ['a bigint', { n: 1n }, 'n is a value of type bigint'],
    ['a symbol', { s: Symbol('s') }, 's is a value of type symbol'],
    ['what holds itself', itself, 'levels deep, or holds itself'],
    ['a NUL character', { a: ['x\0'] }, 'a.0 holds a NUL character'],
    ['half a surrogate pair in a name', { a: { '\ud800': 1 } }, 'a.\ud800 holds a NUL character or half'],
    ['more than 1 MiB', { a: 'x'.repeat(longest) }, 'larger than 1 MiB'],
    ['more than 1 MiB once it is escaped', '"'.repeat(longest / 2), 'larger than 1 MiB'],
    ['more than 1 MiB in UTF-8', 'ä'.repeat(longest / 2), 'larger than 1 MiB'],
  ])('%s', (_, data, message) => {
    const refused = expect.objectContaining({
      code: 'INVALID_APPEND',
      message: expect.stringContaining(message),
      fields: { type: 'Sampled' },
    });
    expect(() => check({ data })).toThrow(refused);
    expect(() => check({ metadata: { data: [data] } })).toThrow(
      expect.objectContaining({ code: 'INVALID_APPEND' }),
    );
  });
});

test.each([
  ['members that are undefined', { a: undefined, b: 1 }],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ['exactly 1 MiB', 'x'.repeat(longest - 2)],
  ['numbers that add up to less than 1 MiB', Array.from({ length: 60_000 }, (_, n) => n)],
  ['what only looks like an escape', ['\\u0000', '\\ud800', '\u{1f600}']],
  ['bytes of a mapper', new Uint8Array(longest)],
])('%s are data', (_, data) => {
  expect(() => check({ data })).not.toThrow();
});

test('bytes are bounded too, and are no metadata', () => {
  expect(() => check({ data: new Uint8Array(longest + 1) })).toThrow('larger than 1 MiB');
  expect(() => check({ metadata: new Uint8Array(1) as unknown as Record<string, unknown> })).toThrow(
    'class Uint8Array',
  );
});

test('what no mapper has sealed is refused: it would be stored in plain text, or be lost', () => {
  const missing = expect.objectContaining({ code: 'KEYS_MISSING', fields: { type: 'Sampled' } });
  expect(() => check({ personal: [{ subject: 'a', erased: { email: null } }] })).toThrow(missing);
  expect(() => check({ forgets: ['a'] })).toThrow(missing);
  expect(() => check({ personal: [], forgets: [] })).not.toThrow();
});

test('a subject to forget has a name that can be stored', () => {
  for (const bad of ['', 'x'.repeat(256), 'a\0'])
    expect(() => checkAppend({ events: [], forget: ['ok', bad] })).toThrow(
      expect.objectContaining({ code: 'INVALID_APPEND' }),
    );
});
