import { type AggregateRoot, streamOf } from '../domain/aggregate.ts';
import type { EventStore } from '../persistence/event-store.ts';
import { StreamLoader } from './stream-loader.ts';

/** An aggregate's state and the version of its stream that the state was folded up to; 0 for one without events. */
export type Loaded<State> = { readonly state: State; readonly version: number };

export type RepositoryOptions = {
  /** Most aggregates kept in memory. */
  readonly cacheSize?: number;
};

/**
 * Loads aggregates by folding their streams, and keeps those used last. A kept state may be behind what another process
 * stored since; the append's expected version finds that out, and whoever decides *not* to append asks for a fresh one.
 */
export class Repository {
  readonly #loader: StreamLoader;
  readonly #cache = new Map<string, Loaded<unknown>>();
  readonly #cacheSize: number;

  constructor(store: Pick<EventStore, 'read'>, options: RepositoryOptions = {}) {
    this.#loader = new StreamLoader(store);
    this.#cacheSize = options.cacheSize ?? 1_000;
  }

  /** The state from memory if it is there, else from the log. */
  async load<State>(aggregate: AggregateRoot<State>, id: string): Promise<Loaded<State>> {
    const guess = this.guess(aggregate, id);
    return guess.version === 0 ? this.loadFresh(aggregate, id) : guess;
  }

  /**
   * The state from memory if it is there, else that of an aggregate without events: what a command that creates one will
   * find. It costs no round trip, and the append's expected version holds only if it was right.
   */
  guess<State>(aggregate: AggregateRoot<State>, id: string): Loaded<State> {
    const stream = streamOf(aggregate, id);
    const kept = this.#cache.get(stream);
    if (kept === undefined) return { state: aggregate.state.initial, version: 0 };
    this.keep(stream, kept);
    // Only `keep` fills the cache, under the stream's own name, which starts with the aggregate's.
    return kept as Loaded<State>;
  }

  /** The state from the log. */
  async loadFresh<State>(aggregate: AggregateRoot<State>, id: string): Promise<Loaded<State>> {
    const stream = streamOf(aggregate, id);
    const events = await this.#loader.load(stream);
    const loaded = { state: aggregate.state.run(events), version: events.length };
    // What does not exist may exist a moment later: nothing about it is worth keeping.
    if (events.length > 0) this.keep(stream, loaded);
    return loaded;
  }

  /** Remembers a state that is stored. */
  keep(stream: string, loaded: Loaded<unknown>): void {
    this.#cache.delete(stream);
    this.#cache.set(stream, loaded);
    const oldest = this.#cache.keys().next();
    if (this.#cache.size > this.#cacheSize && oldest.done !== true) this.#cache.delete(oldest.value);
  }

  /** Forgets a state that turned out to be old. */
  forget(stream: string): void {
    this.#cache.delete(stream);
  }
}
