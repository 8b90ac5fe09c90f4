import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addDecimals,
  compareDecimals,
  type Decimal,
  isDecimal,
  multiplyDecimals,
  normalizeDecimal,
  subtractDecimals,
} from '../../src/kernel/decimal.ts';

const scale = 12;
const one = 10n ** BigInt(scale);

/** A number as so many trillionths, and one way to write it. */
const decimals = fc
  .record({
    units: fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
    zeros: fc.nat(3),
  })
  .map(({ units, zeros }) => ({ units, text: write(units, zeros) }));

function write(units: bigint, zeros: number): Decimal {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  return `${units < 0n ? '-' : ''}${'0'.repeat(zeros)}${digits.slice(0, -scale)}.${digits.slice(-scale)}${'0'.repeat(zeros)}`;
}

/** The value in trillionths of trillionths, read without the code under test. */
function readExactly(text: Decimal): bigint {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)\.?(\d*)$/.exec(text) ?? [];
  return BigInt(`${sign}${whole}${fraction.padEnd(2 * scale, '0')}`);
}

const isShort = (text: Decimal): boolean => /^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/.test(text) && text !== '-0';

test('sums and differences are exact', () => {
  fc.assert(
    fc.property(decimals, decimals, (a, b) => {
      expect(readExactly(addDecimals(a.text, b.text))).toBe((a.units + b.units) * one);
      expect(readExactly(subtractDecimals(a.text, b.text))).toBe((a.units - b.units) * one);
    }),
  );
});

test('products are exact', () => {
  fc.assert(
    fc.property(decimals, decimals, (a, b) => {
      expect(readExactly(multiplyDecimals(a.text, b.text))).toBe(a.units * b.units);
    }),
  );
});

test('order is the order of the numbers', () => {
  fc.assert(
    fc.property(decimals, decimals, (a, b) => {
      expect(Math.sign(compareDecimals(a.text, b.text))).toBe(
        a.units < b.units ? -1 : Number(a.units > b.units),
      );
      expect(compareDecimals(a.text, normalizeDecimal(a.text))).toBe(0);
    }),
  );
});

test('results are written without superfluous zeros, and equal numbers alike', () => {
  fc.assert(
    fc.property(decimals, fc.nat(3), ({ units, text }, zeros) => {
      expect(isShort(normalizeDecimal(text))).toBe(true);
      expect(normalizeDecimal(text)).toBe(normalizeDecimal(write(units, zeros)));
    }),
  );
});

test.each([
  ['12.50', '12.5'],
  ['-0.0', '0'],
  ['-0', '0'],
  ['007', '7'],
  ['0.10', '0.1'],
  ['-0.50', '-0.5'],
  ['100', '100'],
])('%s is written %s', (text, short) => expect(normalizeDecimal(text)).toBe(short));

test('no float ever stands between', () => {
  expect(addDecimals('0.1', '0.2')).toBe('0.3');
  expect(multiplyDecimals('1234567890123456789.01', '3')).toBe('3703703670370370367.03');
});

test.each(['', '.', '1.', '.5', '+1', '1e3', '0x10', ' 1', '1\n', '1,5', '٣', 'NaN', '--1'])(
  '%j is no decimal',
  (text) => {
    expect(isDecimal(text)).toBe(false);
    expect(() => addDecimals(text, '1')).toThrow(expect.objectContaining({ code: 'INVALID_DECIMAL' }));
  },
);

/** Short numbers, as money mostly is, and some about as long as a double holds: sums of these are where a fast way could go wrong. */
const shortDecimals = fc
  .record({
    units: fc.oneof(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.maxSafeInteger()),
    decimals: fc.nat(scale),
  })
  .map(({ units, decimals: places }) => {
    const digits = String(Math.abs(units)).padStart(places + 1, '0');
    const point = digits.length - places;
    const text = places === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
    return { units: BigInt(units) * 10n ** BigInt(scale - places), text: units < 0 ? `-${text}` : text };
  });

test('short numbers, and those about as long as a double holds, are as exact', () => {
  fc.assert(
    fc.property(shortDecimals, shortDecimals, (a, b) => {
      expect(readExactly(addDecimals(a.text, b.text))).toBe((a.units + b.units) * one);
      expect(readExactly(subtractDecimals(a.text, b.text))).toBe((a.units - b.units) * one);
      expect(readExactly(multiplyDecimals(a.text, b.text))).toBe(a.units * b.units);
      expect(Math.sign(compareDecimals(a.text, b.text))).toBe(
        Number(a.units > b.units) - Number(a.units < b.units),
      );
      expect(readExactly(normalizeDecimal(a.text))).toBe(a.units * one);
      expect(isShort(addDecimals(a.text, b.text))).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test('numbers that a double would round on the way cancel out exactly', () => {
  expect(subtractDecimals('900719925474099', '900719925474098.9999')).toBe('0.0001');
  expect(addDecimals('999999999999999', '-999999999999998.0001')).toBe('0.9999');
});
