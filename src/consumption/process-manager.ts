import type { Executable } from '../application/executable.ts';
import type { AnyEventDefinition, DataOf, StoredEvent, TypeOf } from '../domain/event.ts';
import type { Query } from '../domain/query.ts';
import { upcastEvent } from '../domain/upcast-event.ts';
import { checkTimeout } from './check-timeout.ts';

/** A timer of one process: `name` is unique within it, scheduling it again moves it. */
export type Timer = { readonly name: string; readonly at: Date };

/** What a process does about an event or a timer. Parts left out stay as they are. */
export type Reaction<State> = {
  /** The process's new state; `null` ends the process, with its timers. */
  readonly state?: State | null;
  /** Commands to send, in this order. Their ids come from the event, so sending them twice does nothing the second time. */
  readonly send?: readonly Executable[];
  readonly schedule?: readonly Timer[];
  /** The names of timers that are no longer wanted. */
  readonly unschedule?: readonly string[];
};

/** A command that the domain refused, and the reason that it gave. */
export type Refused = { readonly command: Executable; readonly reason: string };

type EventReaction = {
  readonly key: (event: StoredEvent) => string | null;
  readonly react: (state: unknown, event: StoredEvent) => Reaction<unknown>;
};
type TimerReaction = (state: unknown, key: string) => Reaction<unknown>;
type RejectionReaction = (state: unknown, refused: Refused, key: string) => Reaction<unknown>;

/** Any process manager, where its state's type is not known. */
export interface AnyProcessManager {
  readonly name: string;
  /** The events that it reacts to. */
  readonly query: Query;
  /** The timers that it knows what to do about. */
  readonly timerNames: readonly string[];
  /** So many milliseconds a reaction may take before it is broken off. */
  readonly timeout: number;
  reactionTo(type: string): EventReaction | undefined;
  reactionToTimer(name: string): TimerReaction | undefined;
  reactionToRejection(reason: string): RejectionReaction | undefined;
}

export type ProcessManagerOptions = {
  /** After so many milliseconds a reaction that does not return is broken off, which is an error like any other; 10,000 unless given. */
  readonly timeout?: number;
};

/** Events in, commands out: a fold per key that decides what to do next. Reactions are pure. */
export class ProcessManager<State> implements AnyProcessManager {
  readonly name: string;
  readonly timeout: number;
  readonly #events = new Map<string, EventReaction>();
  readonly #timers = new Map<string, TimerReaction>();
  readonly #rejections = new Map<string, RejectionReaction>();
  #otherRejection: RejectionReaction | undefined;

  constructor(name: string, { timeout }: ProcessManagerOptions = {}) {
    this.name = name;
    this.timeout = checkTimeout(`process manager "${name}"`, timeout);
  }

  get query(): Query {
    return { items: [{ types: [...this.#events.keys()] }] };
  }

  /** Adds what to do about an event type. `state` is undefined when no process of that key is under way. */
  on<Definition extends AnyEventDefinition>(
    definition: Definition,
    key: (event: StoredEvent<TypeOf<Definition>, DataOf<Definition>>) => string | null,
    react: (
      state: State | undefined,
      event: StoredEvent<TypeOf<Definition>, DataOf<Definition>>,
    ) => Reaction<State>,
  ): this {
    type Known = StoredEvent<TypeOf<Definition>, DataOf<Definition>>;
    // The type name decides which reaction an event meets, and its data had to fit the definition's schema to be stored.
    const known = (event: StoredEvent): Known => upcastEvent(definition, event) as Known;
    this.#events.set(definition.type, {
      key: (event) => key(known(event)),
      react: (state, event) => react(state as State | undefined, known(event)),
    });
    return this;
  }

  /** Adds what to do when a timer is due and the process has reacted to all that was on the log by then. */
  onTimer(name: string, react: (state: State | undefined, key: string) => Reaction<State>): this {
    this.#timers.set(name, react as TimerReaction);
    return this;
  }

  /**
   * Adds what to do when the domain rejects one of the process's commands for this reason: the compensation. It takes the place
   * of the commands that were to follow. A rejection that nothing is said about is logged, and the next command goes out.
   */
  onRejection(
    reason: string,
    react: (state: State | undefined, refused: Refused, key: string) => Reaction<State>,
  ): this {
    this.#rejections.set(reason, react as RejectionReaction);
    return this;
  }

  /** Adds what to do about a rejection for any other reason. */
  onOtherRejection(
    react: (state: State | undefined, refused: Refused, key: string) => Reaction<State>,
  ): this {
    this.#otherRejection = react as RejectionReaction;
    return this;
  }

  get timerNames(): readonly string[] {
    return [...this.#timers.keys()];
  }

  reactionTo(type: string): EventReaction | undefined {
    return this.#events.get(type);
  }

  reactionToTimer(name: string): TimerReaction | undefined {
    return this.#timers.get(name);
  }

  reactionToRejection(reason: string): RejectionReaction | undefined {
    return this.#rejections.get(reason) ?? this.#otherRejection;
  }
}

/**
 * Starts a process manager: `processManager<State>('fulfilment').on(OrderPaid, key, react)…`.
 *
 * @throws LivefoldError `INVALID_TIMEOUT`
 */
export function processManager<State>(name: string, options?: ProcessManagerOptions): ProcessManager<State> {
  return new ProcessManager(name, options);
}
