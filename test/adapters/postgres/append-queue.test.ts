import { expect, test } from 'vitest';
import type { BatchOutcome } from '../../../src/adapters/postgres/append-batch.ts';
import { AppendQueue } from '../../../src/adapters/postgres/append-queue.ts';
import type { AppendItem } from '../../../src/persistence/event-store.ts';
import { itemOn } from './sample-item.ts';

/** A write function that answers when told to, and what it was given. */
function heldWrites() {
  const batches: { readonly streams: readonly string[]; readonly answer: () => void }[] = [];
  const write = (items: readonly AppendItem[]): Promise<readonly BatchOutcome[]> =>
    new Promise((resolve) => {
      batches.push({ streams: items.map(streamOf), answer: () => resolve(items.map(appended)) });
    });
  return { batches, write, queue: new AppendQueue(write) };
}

const streamOf = (item: AppendItem): string => item.events[0]?.stream ?? '';
const appended = (_: AppendItem, index: number): BatchOutcome => ({
  outcome: 'appended',
  position: index + 1,
  version: 1,
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('appends of one turn go out together, one alone goes out at once', async () => {
  const { batches, queue } = heldWrites();
  const together = ['a', 'b', 'c'].map((stream) => queue.append(itemOn(stream)));
  await turn();
  expect(batches.map(({ streams }) => streams)).toEqual([['a', 'b', 'c']]);
  batches[0]?.answer();
  expect((await Promise.all(together)).map(({ position }) => position)).toEqual([1, 2, 3]);
  void queue.append(itemOn('d'));
  await turn();
  expect(batches[1]?.streams).toEqual(['d']);
});

test('what comes while a batch is under way goes out together in the next', async () => {
  const { batches, queue } = heldWrites();
  for (const stream of ['a', 'b', 'c', 'd']) {
    void queue.append(itemOn(stream));
    await turn();
  }
  expect(batches.map(({ streams }) => streams)).toEqual([['a']]);
  batches[0]?.answer();
  await turn();
  await turn();
  expect(batches[1]?.streams).toEqual(['b', 'c', 'd']);
});

test('those who append again as soon as they are answered share the next batch', async () => {
  const { batches, queue } = heldWrites();
  const twice = ['a', 'b'].map(async (stream) => {
    await queue.append(itemOn(stream));
    await queue.append(itemOn(`${stream} again`));
  });
  await turn();
  batches[0]?.answer();
  await turn();
  await turn();
  batches[1]?.answer();
  await Promise.all(twice);
  expect(batches.map(({ streams }) => streams)).toEqual([
    ['a', 'b'],
    ['a again', 'b again'],
  ]);
});

test('an item that depends on another waits for a batch of its own, the others do not', async () => {
  const { batches, queue } = heldWrites();
  void queue.append(itemOn('a', { expected: 0 }));
  void queue.append(itemOn('a', { expected: 1 }));
  void queue.append(itemOn('b'));
  await turn();
  batches[0]?.answer();
  await turn();
  await turn();
  expect(batches.map(({ streams }) => streams)).toEqual([['a', 'b'], ['a']]);
});

test('each caller gets the outcome of its own item', async () => {
  const queue = new AppendQueue(async (items) =>
    items.map((item) => ({
      outcome: streamOf(item) === 'b' ? 'conflict' : 'appended',
      position: 7,
      version: null,
    })),
  );
  const outcomes = await Promise.all(['a', 'b', 'c'].map((stream) => queue.append(itemOn(stream))));
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['appended', 'conflict', 'appended']);
});

test('a batch that the database refuses is sent again one by one, so that only the culprit fails', async () => {
  const sizes: number[] = [];
  const queue = new AppendQueue(async (items) => {
    sizes.push(items.length);
    if (items.some((item) => streamOf(item) === 'bad'))
      throw Object.assign(new Error('refused'), { code: '22P02' });
    return items.map(appended);
  });
  const results = await Promise.allSettled(['a', 'bad', 'c'].map((stream) => queue.append(itemOn(stream))));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(sizes).toEqual([3, 1, 1, 1]);
});

test('a batch whose answer was lost is not sent again: it may be stored already', async () => {
  let calls = 0;
  const queue = new AppendQueue(async () => {
    calls += 1;
    throw Object.assign(new Error('lost'), { code: 'CONNECTION_CLOSED' });
  });
  const results = await Promise.allSettled(['a', 'b'].map((stream) => queue.append(itemOn(stream))));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(calls).toBe(1);
});

test('an item without an answer is an error, never a wait without an end', async () => {
  const queue = new AppendQueue(async () => []);
  await expect(queue.append(itemOn('a'))).rejects.toThrow('unanswered');
});

test('what nobody waits for any more is not sent', async () => {
  const { batches, queue } = heldWrites();
  const leaving = new AbortController();
  void queue.append(itemOn('a'));
  await turn();
  const left = queue.append(itemOn('b'), leaving.signal);
  void queue.append(itemOn('c'));
  leaving.abort();
  batches[0]?.answer();
  await expect(left).rejects.toMatchObject({ code: 'ABORTED' });
  await turn();
  expect(batches[1]?.streams).toEqual(['c']);
});

test('a batch under way is stopped when nobody waits for any of it', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const queue = new AppendQueue((_, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  const [a, b] = [new AbortController(), new AbortController()];
  void queue.append(itemOn('a'), a.signal);
  void queue.append(itemOn('b'), b.signal);
  await turn();
  a.abort();
  expect(signals[0]?.aborted).toBe(false);
  b.abort();
  expect(signals[0]?.aborted).toBe(true);
});
