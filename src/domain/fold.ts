import type { AnyEventDefinition, DataOf, PreparedEvent, TypeOf } from './event.ts';
import { upcastEvent } from './upcast-event.ts';

type Handler<State> = {
  readonly definition: AnyEventDefinition;
  readonly handle: (state: State, event: PreparedEvent) => State;
};

/**
 * A pure pair: an initial state, and per event type a function from state and event to state. The one idea of
 * Livefold: aggregates, decisions, projections and time travel are folds over the same log.
 */
export class Fold<State> {
  readonly initial: State;
  readonly #handlers: ReadonlyMap<string, Handler<State>>;

  constructor(initial: State, handlers: ReadonlyMap<string, Handler<State>> = new Map()) {
    this.initial = initial;
    this.#handlers = handlers;
  }

  /** The event types that change the state. */
  get types(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  /** This fold, handling one event type more. A second handler for a type replaces the first. */
  on<Definition extends AnyEventDefinition>(
    definition: Definition,
    handler: (state: State, event: PreparedEvent<TypeOf<Definition>, DataOf<Definition>>) => State,
  ): Fold<State> {
    // The type name decides which handler an event meets, and the schema held its data when it was made.
    const handle = handler as Handler<State>['handle'];
    return new Fold(this.initial, new Map(this.#handlers).set(definition.type, { definition, handle }));
  }

  /**
   * The state after one event; an event type without a handler leaves it as it is. The handler sees an older event as its
   * definition knows it today.
   *
   * @throws LivefoldError `UNKNOWN_EVENT_VERSION`, `UPCAST_FAILED`
   */
  apply(state: State, event: PreparedEvent): State {
    const handler = this.#handlers.get(event.type);
    return handler === undefined ? state : handler.handle(state, upcastEvent(handler.definition, event));
  }

  /** The state after many events. */
  run(events: Iterable<PreparedEvent>, from: State = this.initial): State {
    let state = from;
    for (const event of events) state = this.apply(state, event);
    return state;
  }
}

/** Starts a fold: `fold(initial).on(Event, (state, event) => state)…`. */
export function fold<State>(initial: State): Fold<State> {
  return new Fold(initial);
}
