import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createId, isUuid } from '../../src/kernel/ids.ts';

// Ahead of the machine's clock, so that the ids of other tests do not decide these.
const start = Date.now() + 1_000_000;

test('an id is a UUID of version 7 and the variant of RFC 9562', () => {
  for (let n = 0; n < 2_000; n += 1) {
    const id = createId();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(isUuid(id)).toBe(true);
  }
});

test('an id begins with its millisecond', () => {
  expect(createId(start).slice(0, 13).replace('-', '')).toBe(start.toString(16).padStart(12, '0'));
});

test('ids rise strictly whatever the clock does, and none comes twice', () => {
  let now = start + 10;
  let last = createId(now);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 3 }), { minLength: 50, maxLength: 300 }), (steps) => {
      for (const step of steps) {
        now += step;
        const id = createId(now);
        expect(id > last).toBe(true);
        last = id;
      }
    }),
  );
});

test('more ids than a millisecond has room for borrow the next ones', () => {
  const frozen = start + 1_000_000;
  const ids = Array.from({ length: 10_000 }, () => createId(frozen));
  expect(ids).toEqual([...new Set(ids)].sort());
});

test('ids differ in their random bits', () => {
  const tails = new Set(Array.from({ length: 1_000 }, () => createId().slice(20)));
  expect(tails.size).toBe(1_000);
});

test.each([
  '',
  'x',
  '0190163d-8694-739b-aea5-966c26f8ad9',
  '{0190163d-8694-739b-aea5-966c26f8ad90}',
  '0190163d-8694-739b-aea5-966c26f8ad90\n',
])('%j is no UUID', (text) => expect(isUuid(text)).toBe(false));
