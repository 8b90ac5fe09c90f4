import { expect, test } from 'vitest';
import { PacedBar, progressBar } from '../../src/cli/progress-bar.ts';
import { textTable } from '../../src/cli/text-table.ts';

test('a bar says how far something is', () => {
  expect(progressBar(1_000, 2_000, 'events')).toBe('████████████░░░░░░░░░░░░ 50 % of 2,000 events');
  expect(progressBar(0, 0, 'events')).toMatch(/^█+ 100 % of 0 events$/);
});

test('and, once it moves, how fast, and how long it still takes', () => {
  const bar = new PacedBar();
  expect(bar.show(0, 900_000, 'events', 0)).toMatch(/ 0 % of 900,000 events$/);
  expect(bar.show(10_000, 900_000, 'events', 1_000)).toMatch(/ events, 10,000\/s, 89 s left$/);
  expect(bar.show(15_000, 900_000, 'events', 3_000)).toMatch(/ events, 5,000\/s, 3 min left$/);
  expect(bar.show(15_003, 90_000_000, 'events', 4_000)).toMatch(/\/s, 6 h 40 min left$/);
  expect(bar.show(900_000, 900_000, 'events', 5_000)).toMatch(/ 100 % of 900,000 events, 180,000\/s$/);
});

test('columns are as wide as what stands in them', () => {
  const rows = [
    ['NAME', 'LAG', 'OWNER'],
    ['orders', '5', ''],
  ];
  expect(textTable(rows, [1])).toEqual(['NAME    LAG  OWNER', 'orders    5']);
});
