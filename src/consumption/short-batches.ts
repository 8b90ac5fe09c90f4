import type { LogPage } from './event-log.ts';

/** SQL handlers take many times as long over an event as a fold: a process that dies over a whole page would get nothing done. */
const mostSqlEvents = 500;

/** A page of the log as the batches in which SQL handlers work through it. */
export function* shortBatches({ events, position }: LogPage): Generator<LogPage> {
  let start = 0;
  for (; start + mostSqlEvents < events.length; start += mostSqlEvents) {
    const batch = events.slice(start, start + mostSqlEvents);
    yield { events: batch, position: batch.at(-1)?.position ?? position };
  }
  yield { events: events.slice(start), position };
}
