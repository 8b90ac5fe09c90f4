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
  await Promise.all(['a', 'b', 'c'].map((name) => turns.take('key', work(name))));
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('other keys do not wait', async () => {
  const turns = new Turns();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const first = turns.take('a', () => released);
  await turns.take('b', async () => release());
  await first;
});

test('work that fails fails alone, and the next one comes', async () => {
  const turns = new Turns();
  const outcomes = await Promise.allSettled([
    turns.take('key', () => Promise.reject(new Error('no'))),
    turns.take('key', async () => 'yes'),
  ]);
  expect(outcomes).toEqual([
    { status: 'rejected', reason: new Error('no') },
    { status: 'fulfilled', value: 'yes' },
  ]);
});
