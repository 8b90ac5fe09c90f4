import { expect, test } from 'vitest';
import { TurnBatch } from '../../src/kernel/turn-batch.ts';

/** A batch that doubles numbers, and remembers what came together. */
function doubling(): { readonly batch: TurnBatch<number, number>; readonly asked: (readonly number[])[] } {
  const asked: (readonly number[])[] = [];
  const batch = new TurnBatch(async (numbers: readonly number[]) => {
    asked.push(numbers);
    if (numbers.includes(13)) throw new Error('unlucky');
    return numbers.map((number) => 2 * number);
  });
  return { batch, asked };
}

test('what is asked in one turn is answered in one go, to each its own', async () => {
  const { batch, asked } = doubling();
  expect(await Promise.all([1, 2, 1].map((number) => batch.ask(number)))).toEqual([2, 4, 2]);
  expect(await batch.ask(4)).toBe(8);
  expect(asked).toEqual([[1, 2, 1], [4]]);
});

test('more than 256 are answered in several', async () => {
  const { batch, asked } = doubling();
  const numbers = Array.from({ length: 600 }, (_, n) => n + 100);
  expect(await Promise.all(numbers.map((number) => batch.ask(number)))).toEqual(numbers.map((n) => 2 * n));
  expect(asked.map(({ length }) => length)).toEqual([256, 256, 88]);
});

test('what nobody waits for any more is not asked for, and what nobody waits for alone is', async () => {
  const asked: (readonly number[])[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const answers = Promise.withResolvers<void>();
  const batch = new TurnBatch(async (numbers: readonly number[], { signal }) => {
    asked.push(numbers);
    signals.push(signal);
    await answers.promise;
    return numbers;
  });
  const [gone, leaving, staying] = [new AbortController(), new AbortController(), new AbortController()];
  gone.abort();
  const never = batch.ask(1, gone.signal);
  const both = [batch.ask(2, leaving.signal), batch.ask(3, staying.signal)];
  await expect(never).rejects.toMatchObject({ code: 'ABORTED' });
  expect(asked).toEqual([[2, 3]]);
  leaving.abort();
  expect(signals[0]?.aborted).toBe(false);
  staying.abort();
  expect(signals[0]?.aborted).toBe(true);
  answers.resolve();
  await Promise.all(both);
});

test('what one waits for that cannot leave is never given up', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const batch = new TurnBatch(async (numbers: readonly number[], { signal }) => {
    signals.push(signal);
    return numbers;
  });
  const leaving = new AbortController();
  await Promise.all([batch.ask(1), batch.ask(2, leaving.signal)]);
  expect(signals).toEqual([undefined]);
});

test('a failure is that of all who asked together, and of nobody after them', async () => {
  const { batch } = doubling();
  const outcomes = await Promise.allSettled([batch.ask(1), batch.ask(13)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await batch.ask(1)).toBe(2);
});
