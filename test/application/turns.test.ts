import { expect, test } from 'vitest';
import { Turns } from '../../src/application/turns.ts';

test('those who ask for one key come one after another, in the order of asking', async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await new Promise(setImmediate);
    seen.push(`${name} ends`);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => turns.take(['key'], work(name))));
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('other keys do not wait', async () => {
  const turns = new Turns();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const first = turns.take(['a'], () => released);
  await turns.take(['b'], async () => release());
  await first;
});

test('work that fails fails alone, and the next one comes', async () => {
  const turns = new Turns();
  const outcomes = await Promise.allSettled([
    turns.take(['key'], () => Promise.reject(new Error('no'))),
    turns.take(['key'], async () => 'yes'),
  ]);
  expect(outcomes).toEqual([
    { status: 'rejected', reason: new Error('no') },
    { status: 'fulfilled', value: 'yes' },
  ]);
});

test('who needs several keys has them all, and whoever needs one of them waits', async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const first = turns.take(['a'], () => released);
  const both = turns.take(['b', 'a', 'b'], async () => void seen.push('both'));
  const last = turns.take(['b'], async () => void seen.push('last'));
  await new Promise(setImmediate);
  expect(seen).toEqual(['last']);
  release();
  await Promise.all([first, both, last]);
  expect(seen).toEqual(['last', 'both']);
});

test('many who need several keys in any order all come to their turn', async () => {
  const turns = new Turns();
  const orders = [['a', 'b', 'c'], ['c', 'b', 'a'], ['b', 'c', 'a'], ['c', 'a'], ['b']];
  const at = new Map<string, number>();
  const work = (keys: readonly string[]) => async () => {
    for (const key of keys) at.set(key, (at.get(key) ?? 0) + 1);
    await new Promise(setImmediate);
    const most = Math.max(...keys.map((key) => at.get(key) ?? 0));
    for (const key of keys) at.set(key, (at.get(key) ?? 0) - 1);
    return most;
  };
  const twice = [...orders, ...orders];
  expect(await Promise.all(twice.map((keys) => turns.take(keys, work(keys))))).toEqual(twice.map(() => 1));
});
