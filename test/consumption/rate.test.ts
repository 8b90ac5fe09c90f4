import { expect, test } from 'vitest';
import { Rate } from '../../src/consumption/rate.ts';

test('a rate is what the last ten seconds made', () => {
  const rate = new Rate();
  expect(rate.perSecond(0, 0)).toBe(0);
  rate.add(0, 1_000);
  rate.add(300, 3_000);
  expect(rate.perSecond(500, 6_000)).toBe(100);
  expect(rate.perSecond(500, 11_500)).toBe(23.5);
  expect(rate.perSecond(500, 13_500)).toBe(0);
});

test('what came within the last second counts as a second, and many small steps are few samples', () => {
  const rate = new Rate();
  for (let step = 0; step < 100; step += 1) rate.add(step, 1_000 + step);
  expect(rate.perSecond(100, 1_100)).toBe(100);
});
