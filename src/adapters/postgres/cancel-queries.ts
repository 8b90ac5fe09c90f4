import { AsyncLocalStorage } from 'node:async_hooks';
import type postgres from 'postgres';
import { onAbort, throwIfAborted } from '../../kernel/async.ts';
import { LivefoldError } from '../../kernel/errors.ts';

export type Query = ReturnType<postgres.Sql['unsafe']>;

/** Milliseconds until a query that goes on all the same is cancelled again: what reaches the server before its query does has no effect. */
const again = 250;

/** Drizzle has no way to pass a signal on to the driver: it goes round it, and no further than `cancellable`. */
const signals = new AsyncLocalStorage<AbortSignal>();

/**
 * Does work whose queries end at the server, too, when the signal aborts: nobody wants their answers. Work that others wait
 * for as well has no place in it.
 *
 * @throws LivefoldError `ABORTED` when it did
 */
export async function cancellable<Result>(
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (signal === undefined) return work();
  throwIfAborted(signal);
  try {
    return await signals.run(signal, work);
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new LivefoldError('ABORTED', 'The operation was stopped before it finished.', { cause });
  }
}

/** Lets `cancellable` reach the queries of a client. */
export function cancelQueries(client: postgres.Sql): postgres.Sql {
  const unsafe = client.unsafe.bind(client);
  const listening = (...given: Parameters<typeof unsafe>): ReturnType<typeof unsafe> => {
    const query = unsafe(...given);
    cancelOnAbort(query);
    return query;
  };
  return Object.assign(client, { unsafe: listening });
}

/** Cancels a query when the signal of the `cancellable` that it belongs to aborts. */
export function cancelOnAbort(query: Query): void {
  const signal = signals.getStore();
  if (signal === undefined) return;
  const release = onAbort(signal, () => cancel(query));
  query.then(release, release);
}

/**
 * Cancels a query, round two faults of postgres.js 3.4.9. It opens a connection for the sake of a query: when that is cancelled by then, nothing
 * goes out on the new connection, whose first answer the driver waits for, and the pool has lost it for good; so something else
 * goes out instead. And the answer of one that is cancelled behind another of its transaction goes to the next: what stands
 * before it is cancelled as well, which ends the transaction, and this one is left to that.
 */
export function cancel(query: Query): void {
  const isSent = 'state' in query && query.state !== null;
  if (isSent && !isRunning(query)) return;
  const canceller = cancellerOf(query);
  query.cancel();
  if (!isSent) {
    void Object.assign(query, { cancelled: null, strings: ['select'], args: [] });
    return;
  }
  const timer = setInterval(() => {
    if (isRunning(query)) canceller(query).catch(() => {});
  }, again).unref();
  const stop = (): void => clearInterval(timer);
  query.then(stop, stop);
}

/** What a query's `cancel` calls, once and no more. */
function cancellerOf(query: Query): (query: Query) => Promise<unknown> {
  const canceller: unknown = 'canceller' in query ? query.canceller : undefined;
  return async (one) => (typeof canceller === 'function' ? canceller(one) : undefined);
}

/** Whether the server has begun with a query, or will at once. */
export function isRunning(query: Query): boolean {
  return 'active' in query && query.active === true;
}
