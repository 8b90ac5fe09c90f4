import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldKey } from '../../src/consumption/fold-rows.ts';
import { keysOfEvent } from '../../src/consumption/key-events.ts';
import type { AnyRow } from '../../src/consumption/projection.ts';
import { everything } from '../../src/domain/query.ts';
import { byId, counted, countersProjection, labelled, removed } from './counters.ts';
import { moody, parkedOf, waitUntilFree, withoutPosition } from './moods.ts';
import { type OpenCounters, openCounters } from './open-counters.ts';

const keys = ['a', 'b', 'c', 'd'] as const;

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('count'), keys: fc.subarray([...keys], { minLength: 1 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('label'),
      keys: fc.subarray([...keys], { minLength: 1, maxLength: 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('remove'), keys: fc.subarray([...keys], { minLength: 1 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('retry', 'skip', 'skip', 'mend'),
      keys: fc.subarray([...keys], { minLength: 1, maxLength: 1 }),
    }),
  },
);

/** What a fold of the whole log gives without what was skipped. */
async function foldedWithoutSkipped({ backend }: OpenCounters): Promise<readonly AnyRow[]> {
  const skipped = await backend.models.parked.skipped('counters');
  const left = new Set(skipped.map(({ key, position }) => `${position} ${key}`));
  const counters = countersProjection();
  const rows = new Map<string, AnyRow>();
  for await (const event of backend.store.read(everything))
    for (const key of keysOfEvent(counters, event)) {
      if (left.has(`${event.position} ${key}`)) continue;
      const changes = new Map();
      foldKey(counters, { key, event }, rows, changes);
      const change = changes.get(key);
      if (change?.after !== undefined) rows.set(key, change.after);
      else if (change !== undefined) rows.delete(key);
    }
  return [...rows.values()].sort(byId);
}

test('whatever fails, is retried and skipped when: rows are a fold of the log without what was skipped', async () => {
  const { bad, onFold } = moody();
  await using opened = await openCounters({ onFold });
  const { parked } = opened.backend.models;
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.constantFrom(...keys)), { maxLength: 30 }),
      async (steps, faults) => {
        run += 1;
        const named = (key: string): string => `${run} ${key}`;
        const start = await opened.backend.log.head();
        for (const [position, key] of faults) bad.add(`${start + position} ${named(key)}`);
        for (const { do: what, keys: some } of steps) {
          const those = some.map(named);
          const [key = ''] = those;
          if (what === 'count') await opened.append(counted(...those));
          else if (what === 'label') await opened.append(labelled(key, `${those.length} ${Math.random()}`));
          else if (what === 'remove') await opened.append(removed(...those));
          else if (what === 'mend') for (const one of [...bad].slice(0, 2)) bad.delete(one);
          else {
            if (what === 'skip') await opened.settle();
            // One that is parked, where there is one.
            const [first] = what === 'skip' ? await parkedOf(opened) : [];
            await parked.ask('counters', what === 'skip' ? 'skip' : 'retry', first?.key ?? key);
          }
        }
        await opened.settle();
        bad.clear();
        await parked.ask('counters', 'retry');
        await waitUntilFree(opened);
        expect(withoutPosition(await opened.rows())).toEqual(
          withoutPosition(await foldedWithoutSkipped(opened)),
        );
      },
    ),
    { numRuns: 40 },
  );
  // Else it has shown little.
  expect((await parked.skipped('counters')).length).toBeGreaterThan(3);
});

test('one poisoned key of a thousand leaves the rows and positions of all others as they are without it', async () => {
  const { bad, onFold } = moody();
  await using healthy = await openCounters();
  await using poisoned = await openCounters({ onFold });
  const names = Array.from({ length: 1_000 }, (_, n) => `c${n}`);
  bad.add('1 c500');
  for (const one of [healthy, poisoned])
    for (let n = 0; n < 12; n += 1) {
      await one.append(counted(...names), ...names.slice(490, 510).map((name) => labelled(name, `${n}`)));
      await one.append(counted('c500'), counted('c501'));
    }
  await Promise.all([healthy.settle(), poisoned.settle()]);
  expect(poisoned.running).toMatchObject({ status: 'LIVE', lastError: null });
  expect(poisoned.running.feed.position).toBe(await poisoned.backend.log.head());
  const others = (rows: readonly AnyRow[]) => rows.filter(({ id }) => id !== 'c500');
  expect(others(await poisoned.rows())).toEqual(others(await healthy.rows()));
  expect(await parkedOf(poisoned)).toMatchObject([{ key: 'c500' }]);
});
