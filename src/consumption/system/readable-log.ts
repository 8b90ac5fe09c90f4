import type { Bell } from '../../kernel/async.ts';
import { onAbort } from '../../kernel/async.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { EventStore } from '../../persistence/event-store.ts';

/** A log that is only read here, such as a remote one. */
export type ReadableLog = Pick<EventStore, 'read' | 'head'> & { readonly bell: Bell };

/** The log for as long as a signal lets it be read: a server that is slow to answer does not hold up the end. */
export function readUntil(log: ReadableLog, signal: AbortSignal): ReadableLog {
  return {
    bell: log.bell,
    read: (query, options) => log.read(query, { ...options, signal }),
    head: () => settleUntil(log.head(), signal),
  };
}

async function settleUntil<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const release = onAbort(signal, () => reject(new LivefoldError('ABORTED', 'The wait was stopped.')));
  try {
    return await Promise.race([work, stopped]);
  } finally {
    release();
  }
}
