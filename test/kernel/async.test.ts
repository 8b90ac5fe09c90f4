import { describe, expect, test, vi } from 'vitest';
import { Bell, backoff, onAbort, sleep, throwIfAborted } from '../../src/kernel/async.ts';

/** Whether a promise has settled by the time that all microtasks have run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.finally(() => {
    settled = true;
  });
  await new Promise(setImmediate);
  return settled;
}

describe('a bell', () => {
  test('wakes everyone who waits', async () => {
    const bell = new Bell();
    const waiting = [bell.wait(bell.rings), bell.wait(bell.rings)];
    expect(await Promise.all(waiting.map(isSettled))).toEqual([false, false]);
    bell.ring();
    await Promise.all(waiting);
  });

  test('that rang between looking and waiting is not slept through', async () => {
    const bell = new Bell();
    const seen = bell.rings;
    bell.ring();
    await bell.wait(seen);
    expect(await isSettled(bell.wait(bell.rings))).toBe(false);
  });

  test('rung while those it wakes wait again wakes them again', async () => {
    const bell = new Bell();
    let woken = 0;
    const loop = async (): Promise<void> => {
      while (woken < 100) {
        await bell.wait(bell.rings);
        woken += 1;
      }
    };
    const looping = loop();
    while (woken < 100) {
      bell.ring();
      await Promise.resolve();
    }
    await looping;
  });

  test('is waited for until the signal aborts, and leaves no listener behind', async () => {
    const bell = new Bell();
    const stop = new AbortController();
    const add = vi.spyOn(stop.signal, 'addEventListener');
    const remove = vi.spyOn(stop.signal, 'removeEventListener');
    for (let n = 0; n < 3; n += 1) {
      const waiting = bell.wait(bell.rings, { signal: stop.signal });
      bell.ring();
      await waiting;
    }
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([3, 3]);
    const last = bell.wait(bell.rings, { signal: stop.signal });
    stop.abort();
    await last;
    await bell.wait(bell.rings, { signal: stop.signal });
  });

  test('is waited for at most so long', async () => {
    await new Bell().wait(0, { timeout: 1 });
  });
});

test('sleeping ends without an error when its signal aborts', async () => {
  await sleep(1);
  await sleep(3_600_000, AbortSignal.timeout(1));
  await sleep(3_600_000, AbortSignal.abort());
});

test('a listener is called once, at once when the signal has aborted, and never after its release', () => {
  const stop = new AbortController();
  const [kept, released] = [vi.fn(), vi.fn()];
  onAbort(stop.signal, kept);
  onAbort(stop.signal, released)();
  stop.abort();
  expect([kept.mock.calls.length, released.mock.calls.length]).toEqual([1, 0]);
  onAbort(stop.signal, released);
  expect(released).toHaveBeenCalledOnce();
});

test('an aborted signal throws ABORTED with its reason', () => {
  throwIfAborted(undefined);
  throwIfAborted(new AbortController().signal);
  expect(() => throwIfAborted(AbortSignal.abort('enough'))).toThrow(
    expect.objectContaining({ code: 'ABORTED', cause: 'enough' }),
  );
});

test('backoff doubles up to its bound, with jitter below', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  expect([0, 1, 2, 10].map((attempt) => backoff(attempt, { base: 2, most: 100 }))).toEqual([1, 2, 4, 50]);
});

test('a wait may be as long as it likes', async () => {
  vi.useFakeTimers();
  const bell = new Bell();
  const settled = vi.fn();
  const waiting = bell.wait(bell.rings, { timeout: Number.POSITIVE_INFINITY }).then(settled);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(settled).not.toHaveBeenCalled();
  bell.ring();
  await waiting;
  vi.useRealTimers();
});
