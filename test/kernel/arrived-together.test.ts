import { expect, test } from 'vitest';
import { arrivedTogether } from '../../src/kernel/arrived-together.ts';
import { nextTurn } from '../../src/kernel/async.ts';

async function lists<Item>(items: AsyncIterable<Item>, most: number): Promise<readonly (readonly Item[])[]> {
  return await Array.fromAsync(arrivedTogether(items, most));
}

test('items of one turn come together, at most so many', async () => {
  async function* items() {
    yield* [1, 2, 3, 4, 5];
  }
  expect(await lists(items(), 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(await lists(items(), 5)).toEqual([[1, 2, 3, 4, 5]]);
  expect(await lists(items(), 100)).toEqual([[1, 2, 3, 4, 5]]);
});

test('an item that comes turns later is not waited for, and is not lost', async () => {
  async function* items() {
    yield* [1, 2];
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    yield* [3, 4];
  }
  expect(await lists(items(), 100)).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test('nothing gives no list', async () => {
  async function* items() {}
  expect(await lists(items(), 5)).toEqual([]);
});

test('a failure behind a full list comes after it, however long that takes', async () => {
  async function* items() {
    yield* [1, 2];
    throw new Error('gone');
  }
  const reading = arrivedTogether(items(), 2);
  expect((await reading.next()).value).toEqual([1, 2]);
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  await expect(reading.next()).rejects.toThrow('gone');
});

test('whoever stops early ends the items', async () => {
  let hasEnded = false;
  async function* items() {
    try {
      for (let n = 0; ; n += 1) yield n;
    } finally {
      hasEnded = true;
    }
  }
  for await (const some of arrivedTogether(items(), 3)) {
    expect(some).toEqual([0, 1, 2]);
    break;
  }
  expect(hasEnded).toBe(true);
});
