import { expect, test } from 'vitest';
import { runInterruptibly } from '../../src/kernel/interrupt.ts';

const forever = (): void => {
  for (;;);
};

test('work that ends runs once and whole', async () => {
  let runs = 0;
  const work = (): void => {
    runs += 1;
  };
  expect(await runInterruptibly(work, 1_000)).toBe(true);
  expect(runs).toBe(1);
});

test('an endless loop is broken off; what came with it runs all the same', async () => {
  const ran: string[] = [];
  const outcomes = await Promise.all([
    runInterruptibly(() => void ran.push('before'), 100),
    runInterruptibly(forever, 100),
    runInterruptibly(() => void ran.push('behind'), 100),
    runInterruptibly(() => void ran.push('other limit'), 5_000),
  ]);
  expect(outcomes).toEqual([true, false, true, true]);
  expect(ran.toSorted()).toEqual(['before', 'behind', 'other limit']);
});

test('an endless loop cannot catch that it is broken off', async () => {
  const stubborn = (): void => {
    for (;;) {
      try {
        forever();
      } catch {}
    }
  };
  expect(await runInterruptibly(stubborn, 100)).toBe(false);
});

test('an error is passed on to whose work threw it', async () => {
  const bad = runInterruptibly(() => {
    throw new RangeError('bad');
  }, 1_000);
  const good = runInterruptibly(() => {}, 1_000);
  await expect(bad).rejects.toThrow(new RangeError('bad'));
  expect(await good).toBe(true);
});

test('work that comes with much other work has the whole time limit for itself', async () => {
  const busy = (): void => {
    const end = performance.now() + 150;
    while (performance.now() < end);
  };
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => runInterruptibly(busy, 600)));
  expect(outcomes).toEqual(Array(6).fill(true));
});
