import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStorableName, isStorableText } from '../../src/kernel/storable-text.ts';
import { compareText } from '../../src/kernel/text.ts';

const anyText = fc.string({ unit: 'binary' });

/** By code point, one after the other. */
function byCodePoints(a: string, b: string): number {
  const [x, y] = [[...a], [...b]].map((text) => text.map((character) => character.codePointAt(0) ?? 0));
  for (const [index, point] of (x ?? []).entries()) {
    const other = y?.[index] ?? -1;
    if (point !== other) return point - other;
  }
  return (x?.length ?? 0) - (y?.length ?? 0);
}

test('texts compare by code point', () => {
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      expect(Math.sign(compareText(a, b))).toBe(Math.sign(byCodePoints(a, b)));
    }),
  );
});

test('an emoji stands behind the last letters of the Basic Multilingual Plane, unlike in JavaScript', () => {
  expect(compareText('\u{1f600}', '\uff5e')).toBeGreaterThan(0);
  expect('\u{1f600}' < '\uff5e').toBe(true);
});

test('NUL and halves of surrogate pairs cannot be stored', () => {
  expect(['a\0', '\ud83d', 'x\ude00y'].map(isStorableText)).toEqual([false, false, false]);
  fc.assert(
    fc.property(anyText, (text) => {
      expect(isStorableText(text)).toBe(!text.includes('\0'));
    }),
  );
});

test('a name has 1 to 255 characters, an emoji counting as one', () => {
  const lengths = [1, 255, 256].map((length) =>
    ['x', '\u{1f600}'].map((character) => isStorableName(character.repeat(length))),
  );
  expect(lengths).toEqual([
    [true, true],
    [true, true],
    [false, false],
  ]);
  expect(isStorableName('')).toBe(false);
});
