import { LivefoldError } from './errors.ts';

/** Waits so many milliseconds. Ends early, without an error, when `signal` aborts. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  // The global timer, not `node:timers/promises`: browsers have it too.
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const release = signal && onAbort(signal, resolve);
  await promise;
  clearTimeout(timer);
  release?.();
}

/** Resolves when `signal` aborts. The returned `release` takes the listener away again: signals outlive most waits. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => {};
  }
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** A signal that aborts once all of these have; none where one is missing, and so never aborts. */
export function onAllAborted(
  signals: readonly (AbortSignal | undefined)[],
): { readonly signal: AbortSignal; readonly release: () => void } | undefined {
  if (signals.includes(undefined)) return undefined;
  const all = new AbortController();
  let left = signals.length;
  const releases = signals.map(
    (signal) =>
      signal &&
      onAbort(signal, () => {
        left -= 1;
        if (left === 0) all.abort();
      }),
  );
  return {
    signal: all.signal,
    release: () => {
      for (const release of releases) release?.();
    },
  };
}

/** Throws `ABORTED` when the signal has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new LivefoldError('ABORTED', 'The operation was stopped before it finished.', {
      cause: signal.reason,
    });
}

/**
 * A bell that many can wait for: `ring()` wakes everyone who waits now, `wait` returns at the next ring, when the
 * signal aborts, or after `timeout` milliseconds, whichever is first. A ring between two waits is kept: pass the count
 * seen before looking at the data, and a ring that came since returns at once.
 */
export class Bell {
  #rings = 0;
  #waiting = new Set<() => void>();

  /** How often it has rung: take this before you look, wait with it after. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  async wait(
    seen: number,
    options: { readonly signal?: AbortSignal | undefined; readonly timeout?: number } = {},
  ): Promise<void> {
    const { signal, timeout } = options;
    if (this.#rings !== seen || signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const release = signal && onAbort(signal, resolve);
    // A longer timer than this rings at once: nobody minds one ring too many after 24 days.
    const isLimited = timeout !== undefined && timeout !== Number.POSITIVE_INFINITY;
    const timer = isLimited ? setTimeout(resolve, Math.min(timeout, 2 ** 31 - 1)) : undefined;
    await promise;
    clearTimeout(timer);
    release?.();
    this.#waiting.delete(resolve);
  }
}

/** What `work` gives, unless that takes longer than `timeout` milliseconds: then `late`, as an error. The work goes on. */
export async function within<Result>(
  work: Promise<Result>,
  timeout: number,
  late: () => Error,
): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), timeout);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits one turn of the event loop: what is ready to run goes first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Exponential backoff with full jitter, in milliseconds, for try number `attempt` (0, 1, …). */
export function backoff(attempt: number, options: { readonly base: number; readonly most: number }): number {
  return Math.random() * Math.min(options.most, options.base * 2 ** attempt);
}

/**
 * Runs work again and again until the signal aborts: at once when it has ended, after a pause that grows to five seconds
 * when it has thrown. The pauses start anew once the work has called `advanced`, or ended without an error.
 */
export async function keepTrying(
  work: (advanced: () => void) => Promise<void>,
  { signal, onError }: { readonly signal: AbortSignal; readonly onError: (error: unknown) => void },
): Promise<void> {
  let failures = 0;
  const advanced = (): void => {
    failures = 0;
  };
  while (!signal.aborted) {
    try {
      await work(advanced);
      advanced();
    } catch (error) {
      onError(error);
      await sleep(backoff(failures, { base: 100, most: 5_000 }), signal);
      failures += 1;
    }
  }
}
