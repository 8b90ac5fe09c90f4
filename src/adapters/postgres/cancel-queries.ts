import { AsyncLocalStorage } from 'node:async_hooks';
import type postgres from 'postgres';
import { onAbort, throwIfAborted } from '../../kernel/async.ts';
import { LivefoldError } from '../../kernel/errors.ts';

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
export function cancelOnAbort(query: ReturnType<postgres.Sql['unsafe']>): void {
  const signal = signals.getStore();
  if (signal === undefined) return;
  const release = onAbort(signal, () => query.cancel());
  query.then(release, release);
}
