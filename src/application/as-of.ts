import type { AggregateRoot } from '../domain/aggregate.ts';
import type { EventStore, Position, ReadOptions } from '../persistence/event-store.ts';
import { foldQuery } from './fold-query.ts';
import type { Loaded } from './loaded.ts';

/** A moment in the log's past: a position, or a time of the store's clock; inclusive. */
export type Moment = { readonly position: Position } | { readonly time: Date };

/** A moment in the past of a stream: one of the log's, or a version of the stream; inclusive. */
export type AsOf = Moment | { readonly version: number };

/** The aggregate as it was at a moment, from a state that is not beyond it. */
export function foldUpTo<State>(
  asOf: AsOf,
  source: {
    readonly aggregate: AggregateRoot<State>;
    readonly stream: string;
    readonly events: Pick<EventStore, 'read'>;
    readonly from: Loaded<State>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Loaded<State>> {
  const { aggregate, stream, events, from, signal } = source;
  const query = { items: [{ stream, afterVersion: from.version }] };
  const range = 'version' in asOf ? { limit: Math.max(asOf.version - from.version, 0) } : rangeUpTo(asOf);
  return foldQuery(aggregate, from, { events, query, range: { ...range, signal } });
}

/** Whether a state of the stream is from after the moment. */
export async function isBeyond(
  { version, position }: Loaded<unknown>,
  asOf: AsOf,
  {
    stream,
    events,
    signal,
  }: {
    readonly stream: string;
    readonly events: Pick<EventStore, 'read'>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<boolean> {
  if ('version' in asOf) return version > asOf.version;
  if ('position' in asOf) return position > asOf.position;
  // A state does not say when its last event was recorded; the log does.
  const query = { items: [{ stream, afterVersion: version - 1 }] };
  const first = await Array.fromAsync(events.read(query, { asOf: asOf.time, limit: 1, signal }));
  return first.length === 0;
}

/** What had been stored at a moment. */
export function rangeUpTo(moment: Moment): ReadOptions {
  return 'position' in moment ? { before: moment.position + 1 } : { asOf: moment.time };
}
