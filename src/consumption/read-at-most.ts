import type { StoredEvent } from '../domain/event.ts';
import type { Query } from '../domain/query.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { EventStore, ReadOptions } from '../persistence/event-store.ts';

/** How many events may be read for an answer, and what to say to whoever asks for more. */
export type Bound = {
  readonly most: number;
  /** How many of them were read before. */
  readonly spent?: number;
  /** What is folded, and what to ask for in its place: `What the orders were`, `ask for an earlier moment`. */
  readonly what: string;
  readonly instead: string;
};

export type BoundedRead = Bound & { readonly query: Query; readonly range: ReadOptions };

/** The events that match, none beyond the bound. @throws LivefoldError `TOO_COSTLY` once there is one event more */
export async function* readAtMost(
  store: Pick<EventStore, 'read'>,
  { query, range, most, spent = 0, what, instead }: BoundedRead,
): AsyncGenerator<StoredEvent> {
  let count = spent;
  const limit = Math.min(range.limit ?? Number.POSITIVE_INFINITY, most - spent + 1);
  for await (const event of store.read(query, { ...range, limit })) {
    count += 1;
    if (count > most)
      throw new LivefoldError(
        'TOO_COSTLY',
        `${what} would have to be folded from more than ${most} events: ${instead}.`,
        { fields: { mostEvents: most } },
      );
    yield event;
  }
}
