import { test } from 'vitest';
import { counted, removed } from '../consumption/counters.ts';
import { openCounters } from '../consumption/open-counters.ts';
test('x', async () => {
  await using opened = await openCounters();
  const names = (count: number) => Array.from({ length: count }, (_, index) => `c${String(index).padStart(5, '0')}`);
  for (let round = 0; round < 6; round += 1) {
    let t = performance.now();
    await opened.append(counted(...names(2_500)), removed('b'), counted('a'));
    const a = performance.now() - t; t = performance.now();
    await opened.settle();
    console.log('append', a, 'settle', performance.now() - t);
  }
});
