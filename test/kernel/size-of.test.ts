import { expect, test } from 'vitest';
import { sizeOf } from '../../src/kernel/size-of.ts';

test('grows with texts, bytes and the number of values', () => {
  expect(sizeOf('x'.repeat(1_000))).toBe(2_016);
  expect(sizeOf(new Uint8Array(1_000))).toBe(1_064);
  expect(sizeOf({ a: 1, b: [1, 2, 3] })).toBe(32 + 16 + 8 + (32 + 3 * 16));
  expect(sizeOf(new Map([['a', 'b']]))).toBe(32 + 16 + 18 + 18);
  expect(sizeOf(new Set([1]))).toBe(32 + 24);
  expect([null, undefined, true, 1n].map(sizeOf)).toEqual([8, 8, 8, 8]);
});
