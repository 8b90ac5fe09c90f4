import type { StoredEvent } from '../domain/event.ts';
import { everything, matches, type Query } from '../domain/query.ts';
import type { Position } from '../persistence/event-store.ts';
import type { EventLog } from './event-log.ts';

export type FollowOptions = {
  /** Starts behind this position; at the start of the log when left out. */
  readonly after?: Position;
  readonly query?: Query;
  readonly signal: AbortSignal;
  /** Looks again after so many milliseconds without a wake-up, since a wake-up can be lost. */
  readonly timeout?: number;
};

/** Some events in log order, and the position up to which the log has been looked through. */
export type FollowedPage = { readonly events: readonly StoredEvent[]; readonly position: Position };

/**
 * The one loop that every consumer runs: the backlog, then each event as it comes, until the signal aborts. Pages in
 * which nothing matches are yielded too, empty, so that the consumer's position moves on.
 */
export async function* follow(log: EventLog, options: FollowOptions): AsyncGenerator<FollowedPage> {
  const { query = everything, signal, timeout = 5_000 } = options;
  let position = options.after ?? 0;
  while (!signal.aborted) {
    // Taken before reading: a ring that comes while we read must not be slept through.
    const seen = log.bell.rings;
    const events = await log.read(position);
    const last = events.at(-1);
    if (last === undefined) {
      await log.bell.wait(seen, { signal, timeout });
      continue;
    }
    position = last.position;
    yield {
      events: query.items.length === 0 ? events : events.filter((event) => matches(query, event)),
      position,
    };
  }
}
