import type { AggregateRoot } from '../domain/aggregate.ts';
import type { PreparedEvent, StoredEvent } from '../domain/event.ts';
import type { Position } from '../persistence/event-store.ts';

/** An aggregate's state, and up to where its stream was folded to it. */
export type Loaded<State> = {
  readonly state: State;
  /** The version of the stream; 0 for one without events. */
  readonly version: number;
  /** The position of the last event that was folded; 0 for none. */
  readonly position: Position;
  /** Whose personal data the state was folded from. */
  readonly subjects: readonly string[];
};

/** An aggregate without events. */
export function unloaded<State>(aggregate: Pick<AggregateRoot<State>, 'state'>): Loaded<State> {
  return { state: aggregate.state.initial, version: 0, position: 0, subjects: [] };
}

/** The aggregate after the events that follow. Those not stored yet leave the position to whoever stores them. */
export function foldOn<State>(
  aggregate: Pick<AggregateRoot<State>, 'state'>,
  from: Loaded<State>,
  events: readonly (PreparedEvent | StoredEvent)[],
): Loaded<State> {
  const last = events.at(-1);
  if (last === undefined) return from;
  return {
    state: aggregate.state.run(events, from.state),
    version: from.version + events.length,
    position: 'position' in last ? last.position : from.position,
    subjects: withSubjectsOf(events, from.subjects),
  };
}

function withSubjectsOf(events: readonly PreparedEvent[], known: readonly string[]): readonly string[] {
  const subjects = new Set(known);
  for (const { personal = [] } of events) for (const { subject } of personal) subjects.add(subject);
  return subjects.size === known.length ? known : [...subjects];
}
