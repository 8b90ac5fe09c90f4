import { expect, test } from 'vitest';
import { EqualWork } from '../../src/kernel/equal-work.ts';

/** Work that doubles a number when it is let go on, and remembers how often it was done. */
function doubling() {
  const done: number[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const work = new EqualWork<number>();
  const ask = (number: number, signal?: AbortSignal): Promise<number> =>
    work.ask(
      String(number),
      async (unwanted) => {
        done.push(number);
        signals.push(unwanted);
        if (number === 13) throw new Error('unlucky');
        return 2 * number;
      },
      signal,
    );
  return { ask, done, signals };
}

test('what is the same is done once in a turn, and anew in the next', async () => {
  const { ask, done } = doubling();
  expect(await Promise.all([ask(1), ask(2), ask(1), ask(1)])).toEqual([2, 4, 2, 2]);
  expect(done).toEqual([1, 2]);
  expect(await ask(1)).toBe(2);
  expect(done).toEqual([1, 2, 1]);
});

test('who asks when the work has begun has it done anew', async () => {
  const work = new EqualWork<number>();
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let times = 0;
  const ask = (): Promise<number> =>
    work.ask('count', async () => {
      times += 1;
      const time = times;
      begun.resolve();
      await goOn.promise;
      return time;
    });
  const first = ask();
  await begun.promise;
  const second = ask();
  goOn.resolve();
  expect(await Promise.all([first, second])).toEqual([1, 2]);
});

test('an error is told to all who asked for that work, and to no others', async () => {
  const { ask } = doubling();
  const asked = [ask(13), ask(1), ask(13)];
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'rejected',
  ]);
});

test('work is given up when all have left who asked for it, and not begun where they had before', async () => {
  const { ask, done, signals } = doubling();
  const [gone, one, other, third] = Array.from({ length: 4 }, () => new AbortController());
  gone?.abort();
  await expect(ask(9, gone?.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  expect(done).toEqual([]);
  const work = new EqualWork<void>();
  let unwanted: AbortSignal | undefined;
  const ended = Promise.withResolvers<void>();
  const wait = (signal: AbortSignal | undefined): Promise<void> =>
    work.ask(
      'wait',
      (given) => {
        unwanted = given;
        return ended.promise;
      },
      signal,
    );
  const waiting = [wait(one?.signal), wait(other?.signal)];
  const elsewhere = ask(3, third?.signal);
  await elsewhere;
  one?.abort();
  expect(unwanted?.aborted).toBe(false);
  other?.abort();
  expect(unwanted?.aborted).toBe(true);
  expect(signals[0]?.aborted).toBe(false);
  ended.resolve();
  await Promise.all(waiting);
  // What was given up before it began is not in anybody's way.
  expect(await ask(9)).toBe(18);
});
