import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keepTrying } from '../../src/kernel/async.ts';

/** The pauses that were asked for, none of which is waited for. */
const pauses: number[] = [];

function passAtOnce(done: () => void, milliseconds = 0): NodeJS.Timeout {
  pauses.push(milliseconds);
  return setImmediate(done) as unknown as NodeJS.Timeout;
}

/** The pauses between so many failing runs, without their jitter. */
async function pausesBetween(runs: number, beforeFailing: (advanced: () => void) => void): Promise<number[]> {
  const stopping = new AbortController();
  let left = runs;
  await keepTrying(
    async (advanced) => {
      left -= 1;
      if (left === 0) return stopping.abort();
      beforeFailing(advanced);
      throw new Error('no');
    },
    { signal: stopping.signal, onError: () => {} },
  );
  return pauses;
}

describe('work that is kept up', () => {
  beforeEach(() => {
    pauses.length = 0;
    vi.spyOn(Math, 'random').mockReturnValue(1);
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(passAtOnce as typeof setTimeout);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('pauses longer after each failure, up to five seconds', async () => {
    expect(await pausesBetween(9, () => {})).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  test('that advanced before it failed pauses as after a first failure', async () => {
    expect(await pausesBetween(4, (advanced) => advanced())).toEqual([100, 100, 100]);
  });

  test('runs again at once when it has ended, and tells each failure', async () => {
    const stopping = new AbortController();
    const told: unknown[] = [];
    let runs = 0;
    const onError = (error: unknown): void => void told.push(error);
    await keepTrying(
      async () => {
        runs += 1;
        if (runs === 2) throw new Error('the second');
        if (runs === 4) stopping.abort();
      },
      { signal: stopping.signal, onError },
    );
    expect([runs, told, pauses]).toEqual([4, [new Error('the second')], [100]]);
  });
});
