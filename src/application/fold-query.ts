import type { AggregateRoot } from '../domain/aggregate.ts';
import type { Query } from '../domain/query.ts';
import type { EventStore, ReadOptions } from '../persistence/event-store.ts';
import { foldOn, type Loaded } from './loaded.ts';

/** Folds on over the events that a query means, in log order. One event at a time is in memory. */
export async function foldQuery<State>(
  root: Pick<AggregateRoot<State>, 'state'>,
  from: Loaded<State>,
  source: {
    readonly events: Pick<EventStore, 'read'>;
    readonly query: Query;
    /** Which of them; all unless given. */
    readonly range?: ReadOptions;
  },
): Promise<Loaded<State>> {
  const { events, query, range } = source;
  let loaded = from;
  for await (const event of events.read(query, range)) loaded = foldOn(root, loaded, [event]);
  return loaded;
}
