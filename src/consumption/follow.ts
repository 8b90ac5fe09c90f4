import { everything, matches, type Query } from '../domain/query.ts';
import type { Position } from '../persistence/event-store.ts';
import type { EventLog, LogPage } from './event-log.ts';

export type FollowOptions = {
  /** Starts behind this position; at the start of the log when left out. */
  readonly after?: Position;
  readonly query?: Query;
  readonly signal: AbortSignal;
  /** Looks again after so many milliseconds without a wake-up, since a wake-up can be lost: infinity where somebody else rings then. */
  readonly timeout?: number;
};

/**
 * Whoever is far behind and wants less than this part of the events has the database choose them. Above it the pages that
 * all share cost less: a page for one consumer alone is one more that is read and decoded.
 */
const smallPart = 0.25;

/**
 * The one loop that every consumer runs: the backlog, then each event as it comes, until the signal aborts. Pages in
 * which nothing matches are yielded too, empty, so that the consumer's position moves on.
 */
export async function* follow(log: EventLog, options: FollowOptions): AsyncGenerator<LogPage> {
  const { query = everything, signal, timeout = 5_000 } = options;
  const read = pagesOf(log, query);
  let position = options.after ?? 0;
  while (!signal.aborted) {
    // Taken before reading: a ring that comes while we read must not be slept through.
    const seen = log.bell.rings;
    const page = await read(position);
    if (page.position === position) {
      await log.bell.wait(seen, { signal, timeout });
      continue;
    }
    ({ position } = page);
    yield page;
  }
}

/** Gives the next page behind a position, of the events that a query means; where there is none, an empty one that ends there. */
export function pagesOf(log: EventLog, query: Query): (after: Position) => Promise<LogPage> {
  // Which part of the last page was wanted. What that is at first the first page tells.
  let part = query.items.length === 0 ? 1 : 0;
  return async (after) => {
    const isChosen = part < smallPart && log.isFarBehind(after);
    const page = isChosen ? await log.select(query, after) : await readShared(log, query, after);
    if (page.position > after) part = page.events.length / (page.position - after);
    return page;
  };
}

async function readShared(log: EventLog, query: Query, after: Position): Promise<LogPage> {
  const events = await log.read(after);
  return {
    events: query.items.length === 0 ? events : events.filter((event) => matches(query, event)),
    position: events.at(-1)?.position ?? after,
  };
}
