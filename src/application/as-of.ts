import type { AggregateRoot } from '../domain/aggregate.ts';
import type { EventStore, Position, ReadOptions } from '../persistence/event-store.ts';
import { foldOn, type Loaded } from './loaded.ts';

/** A moment in the past: a version of the stream, a position of the log, or a time of the store's clock; each inclusive. */
export type AsOf = { readonly version: number } | { readonly position: Position } | { readonly time: Date };

/** The aggregate as it was at a moment, from a state that is not beyond it. One event at a time is in memory. */
export async function foldUpTo<State>(
  asOf: AsOf,
  source: {
    readonly aggregate: AggregateRoot<State>;
    readonly stream: string;
    readonly events: Pick<EventStore, 'read'>;
    readonly from: Loaded<State>;
  },
): Promise<Loaded<State>> {
  const { aggregate, stream, events, from } = source;
  const query = { items: [{ stream, afterVersion: from.version }] };
  let loaded = from;
  for await (const event of events.read(query, stopAt(asOf, from.version)))
    loaded = foldOn(aggregate, loaded, [event]);
  return loaded;
}

/** Whether a state of the stream is from after the moment. */
export async function isBeyond(
  { version, position }: Loaded<unknown>,
  asOf: AsOf,
  { stream, events }: { readonly stream: string; readonly events: Pick<EventStore, 'read'> },
): Promise<boolean> {
  if ('version' in asOf) return version > asOf.version;
  if ('position' in asOf) return position > asOf.position;
  // A state does not say when its last event was recorded; the log does.
  const query = { items: [{ stream, afterVersion: version - 1 }] };
  const first = await Array.fromAsync(events.read(query, { asOf: asOf.time, limit: 1 }));
  return first.length === 0;
}

function stopAt(asOf: AsOf, version: number): ReadOptions {
  if ('version' in asOf) return { limit: Math.max(asOf.version - version, 0) };
  if ('position' in asOf) return { before: asOf.position + 1 };
  return { asOf: asOf.time };
}
