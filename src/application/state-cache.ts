import { type AggregateRoot, streamOf } from '../domain/aggregate.ts';
import type { Loaded } from './loaded.ts';

type Entry = {
  /** The fold that made the state: two definitions of one name share their streams, but not what they make of them. */
  readonly fold: unknown;
  readonly loaded: Loaded<unknown>;
};

/** The states of the aggregates used last. Each is right for its version; the log may have gone on since. */
export class StateCache {
  readonly #size: number;
  /** By stream, whose id starts with the aggregate's name; the one used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  #epoch = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Rises with each `clear`: take it before you load, and hand it to `keep`. */
  get epoch(): number {
    return this.#epoch;
  }

  get<State>(aggregate: AggregateRoot<State>, id: string): Loaded<State> | undefined {
    const stream = streamOf(aggregate, id);
    const entry = this.#entries.get(stream);
    if (entry === undefined || entry.fold !== aggregate.state) return undefined;
    this.#use(stream, entry);
    // The same fold made it, and a fold makes one type of state.
    return entry.loaded as Loaded<State>;
  }

  /** Keeps a state that is stored, unless a newer one is here, or one was to be forgotten since `epoch`. */
  keep<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    { loaded, epoch }: { readonly loaded: Loaded<State>; readonly epoch: number },
  ): void {
    const kept = this.get(aggregate, id);
    if (epoch !== this.#epoch || (kept !== undefined && kept.version > loaded.version)) return;
    this.#use(streamOf(aggregate, id), { fold: aggregate.state, loaded });
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > this.#size && oldest.done !== true) this.#entries.delete(oldest.value);
  }

  forget(aggregate: { readonly name: string }, id: string): void {
    this.#entries.delete(streamOf(aggregate, id));
  }

  /** Forgets all, also what is being loaded or decided right now. */
  clear(): void {
    this.#epoch += 1;
    this.#entries.clear();
  }

  #use(stream: string, entry: Entry): void {
    this.#entries.delete(stream);
    this.#entries.set(stream, entry);
  }
}
