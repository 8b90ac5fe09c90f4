import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTranscoder } from '../../../src/persistence/mapper/transcoder.ts';
import type { Transcoding } from '../../../src/persistence/mapper/transcoding.ts';

class Money {
  readonly amount: bigint;
  readonly currency: string;
  constructor(amount: bigint, currency: string) {
    this.amount = amount;
    this.currency = currency;
  }
}

const money: Transcoding<Money> = {
  name: 'money',
  isOne: (value) => value instanceof Money,
  encode: ({ amount, currency }) => [amount, currency],
  decode: (json) => {
    const [amount, currency] = json as [bigint, string];
    return new Money(amount, currency);
  },
};

const transcoder = createTranscoder([money]);

/** What `INVALID_VALUE` says of a value: its path and the message. */
function refusal(value: unknown): { path: unknown; message: string } {
  try {
    transcoder.encode(value);
  } catch (error) {
    const { code, fields, message } = error as { code: string; fields: { path: unknown }; message: string };
    expect(code).toBe('INVALID_VALUE');
    return { path: fields.path, message };
  }
  throw new Error('It was taken.');
}

const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', '$date', '$object', '$map', '$personal', '$', ''),
  fc.string(),
);
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Uint8Array.from(bytes)),
    fc.tuple(fc.bigInt(), fc.string()).map(([amount, currency]) => new Money(amount, currency)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 4 }).map((values) => new Set(values)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

test('every value comes back from JSON text as it was, hostile keys included', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const json = JSON.stringify(transcoder.encode(value));
      // Not vitest's own: a member named "constructor" is a type to it.
      deepStrictEqual(transcoder.decode(JSON.parse(json)), value);
    }),
    { numRuns: 2_000 },
  );
});

test('neither way changes what it is given', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const before = structuredClone(transcoder.encode(value));
      const encoded = transcoder.encode(value);
      transcoder.decode(encoded);
      deepStrictEqual(encoded, before);
    }),
  );
});

test('plain JSON passes as the same reference, both ways', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (json) => {
      fc.pre(!JSON.stringify(json).includes('$') && !JSON.stringify(json, asText).includes('-0'));
      expect(transcoder.encode(json)).toBe(json);
      expect(transcoder.decode(json)).toBe(json);
    }),
  );
});

const asText = (_: string, value: unknown): unknown => (Object.is(value, -0) ? '-0' : value);

test('the stored form is JSON that can be queried', () => {
  const stored = {
    at: { $date: '2026-02-03T04:05:06.789Z' },
    big: { $bigint: '-12' },
    raw: { $bytes: 'AQL/' },
    map: { $map: [['a', { $bigint: '1' }]] },
    set: { $set: [1, 'x'] },
    price: { $money: [{ $bigint: '5' }, 'EUR'] },
    own: { $object: { $date: 'mine', deep: { $object: { $: 1 } } } },
    plain: { a: [1, { b: null }] },
  };
  const value = {
    at: new Date('2026-02-03T04:05:06.789Z'),
    big: -12n,
    raw: new Uint8Array([1, 2, 255]),
    map: new Map([['a', 1n]]),
    set: new Set([1, 'x']),
    price: new Money(5n, 'EUR'),
    own: { $date: 'mine', deep: { $: 1 } },
    plain: { a: [1, { b: null }] },
  };
  expect(transcoder.encode(value)).toStrictEqual(stored);
  expect(transcoder.decode(stored)).toStrictEqual(value);
});

test('what needs no change within a value that does is shared, not copied', () => {
  const lines = [{ sku: 'A' }];
  const encoded = transcoder.encode({ lines, at: new Date(0) }) as { lines: unknown };
  expect(encoded.lines).toBe(lines);
});

test('members that are undefined are left out and −0 is 0, as after reading', () => {
  expect(transcoder.encode({ a: undefined, b: -0, c: [-0] })).toStrictEqual({ b: 0, c: [0] });
  expect(Object.is((transcoder.encode([-0]) as number[])[0], 0)).toBe(true);
});

test('a Buffer is bytes', () => {
  expect(transcoder.decode(transcoder.encode(Buffer.from('ab')))).toStrictEqual(new Uint8Array([97, 98]));
});

test('values nest to any depth that is no mistake', () => {
  let value: unknown = new Date(0);
  for (let level = 0; level < 200; level += 1) value = new Map([[{ $level: level }, value]]);
  // An entry of a map is three levels of stored JSON below it, and the key here takes two more.
  for (const deep of [[value], { value }]) expect(() => transcoder.encode(deep)).toThrow('levels deep');
  let list: unknown = 1n;
  for (let level = 0; level < 490; level += 1) list = { $: list };
  expect(transcoder.decode(transcoder.encode(list))).toStrictEqual(list);
});

describe('refuses', () => {
  class Point {
    x = 1;
  }
  class Moment extends Date {}
  test.each([
    ['NaN', { a: { b: [0, Number.NaN] } }, ['a', 'b', 1], 'a.b.1 is NaN'],
    ['Infinity', { a: Number.POSITIVE_INFINITY }, ['a'], 'a is Infinity'],
    ['−Infinity', [Number.NEGATIVE_INFINITY], [0], '0 is -Infinity'],
    ['a function', { f: () => 1 }, ['f'], 'f is a function'],
    ['a symbol', { s: Symbol('s') }, ['s'], 's is a symbol'],
    ['undefined in a list', { list: [1, undefined] }, ['list', 1], 'list.1 is undefined'],
    // biome-ignore lint/suspicious/noSparseArray: holes are what this is about.
    ['a hole in a list', [1, , 2], [1], '1 is undefined'],
    ['undefined itself', undefined, [], 'the value is undefined'],
    ['an instance of a class', { at: new Point() }, ['at'], 'class Point'],
    ['an instance of a class derived from a built-in one', { at: new Moment() }, ['at'], 'class Moment'],
    ['a date that is none', { at: new Date(Number.NaN) }, ['at'], 'transcoding "date" threw'],
    ['within a map', new Map([['k', Number.NaN]]), ['$map', 0, 1], '$map.0.1 is NaN'],
    ['a promise', { p: Promise.resolve() }, ['p'], 'class Promise'],
  ])('%s', (_, value, path, message) => {
    expect(refusal(value)).toEqual({ path, message: expect.stringContaining(message) });
  });

  test('a value that holds itself', () => {
    const list: unknown[] = [];
    list.push({ list });
    expect(refusal(list).message).toMatch(/^0\.list\.0\.list.*… is nested 500 levels deep, or holds itself/);
  });
});

describe('reading', () => {
  function fault(json: unknown): unknown {
    try {
      return transcoder.decode(json);
    } catch (error) {
      const { code, fields } = error as { code: string; fields: object };
      return { code, ...fields };
    }
  }

  test.each([
    [{ a: [{ $uuid: 'x' }] }, ['a', 0]],
    [{ $date: '2026-01-01T00:00:00.000Z', more: 1 }, []],
    [{ plain: 1, $later: 1 }, []],
    [{ $object: 5 }, []],
  ])('%j is of a type that nobody knows', (json, path) => {
    expect(fault(json)).toEqual({ code: 'UNKNOWN_VALUE_TYPE', path });
  });

  test.each([
    [{ at: { $date: 'yesterday' } }, ['at']],
    [{ $date: 5 }, []],
    [{ $bigint: '' }, []],
    [{ $bigint: '0x1' }, []],
    [{ $bytes: 1 }, []],
    [{ $map: [[1, 2, 3]] }, []],
    [{ $set: { a: 1 } }, []],
    [{ $money: null }, []],
  ])('%j is not what its type says', (json, path) => {
    expect(fault(json)).toEqual({ code: 'INVALID_VALUE', path });
  });
});

test.each(['date', 'object', 'personal', '', 'Money', '$x', 'a b'])(
  'a transcoding of one’s own is not named "%s"',
  (name) => {
    expect(() => createTranscoder([{ ...money, name }])).toThrow(
      expect.objectContaining({ code: 'INVALID_TRANSCODING' }),
    );
  },
);
