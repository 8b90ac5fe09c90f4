import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldRows } from '../../src/consumption/fold-rows.ts';
import { shardOf, shardOfProjection, shardsOf, unitOf } from '../../src/consumption/shards.ts';
import { counted, removed, stored } from './counters.ts';
import { tally } from './tallies.ts';

test('a key has the shard that it always had', () => {
  const keys = ['', 'a', 'order-1', '0192d3a4-0000-7000-8000-000000000001', 'Zürich', '😀'];
  expect(keys.map((key) => shardOf(key, 256))).toEqual([11, 179, 156, 92, 192, 38]);
});

test('keys that count up, and random ones, are spread evenly', () => {
  for (const name of [(n: number) => `order-${n}`, (n: number) => `${n * 7_919}`]) {
    const counts = Array.from({ length: 8 }, () => 0);
    for (let n = 0; n < 8_000; n += 1) {
      const shard = shardOf(name(n), 8);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  }
});

test('the shards of a projection together fold what the whole folds', () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          isRemoval: fc.boolean(),
          keys: fc.array(fc.stringMatching(/^[a-z]{1,2}$/), { maxLength: 4 }),
        }),
      ),
      fc.integer({ min: 1, max: 5 }),
      (steps, count) => {
        const events = stored(
          ...steps.map(({ isRemoval, keys }) => (isRemoval ? removed : counted)(...keys)),
        );
        const whole = tally('many', { shards: count });
        const changes = (one: typeof whole) => foldRows(one, events, new Map());
        const parts = shardsOf(count).map((shard) => changes(shardOfProjection(whole, shard)));
        const sorted = (all: ReturnType<typeof changes>) => all.toSorted((a, b) => (a.key < b.key ? -1 : 1));
        expect(sorted(parts.flat())).toEqual(sorted(changes(whole)));
      },
    ),
  ));

test('the position of a shard is kept under a name of its own', () => {
  expect([unitOf('many', { index: 0, count: 1 }), unitOf('many', { index: 2, count: 4 })]).toEqual([
    'many',
    'many#2/4',
  ]);
  expect(() => tally('many', { shards: 0 })).toThrow(expect.objectContaining({ code: 'INVALID_SHARDS' }));
  expect(() => tally('many', { shards: 2, mode: 'inline' })).toThrow(
    expect.objectContaining({ code: 'INVALID_SHARDS' }),
  );
});
