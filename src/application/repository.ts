import { type AggregateRoot, streamOf } from '../domain/aggregate.ts';
import { type Logger, silentLogger } from '../kernel/log.ts';
import type { EventStore, Position } from '../persistence/event-store.ts';
import type { SnapshotSelection, SnapshotStore } from '../persistence/snapshot-store.ts';
import { type AsOf, foldUpTo, isBeyond } from './as-of.ts';
import { foldOn, type Loaded, unloaded } from './loaded.ts';
import { SnapshotFaults } from './snapshot-faults.ts';
import { SnapshotLoader } from './snapshot-loader.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { StateCache } from './state-cache.ts';
import { type LoadOptions, StreamLoader } from './stream-loader.ts';

export type RepositoryOptions = {
  /** Most aggregates kept in memory; 1,000 unless given. */
  readonly cacheSize?: number;
  /** Where the snapshots of aggregates with a snapshot policy are; without it, all are folded from all their events. */
  readonly snapshots?: SnapshotStore;
  /** Hears of each snapshot that could not be used or stored. */
  readonly logger?: Logger;
};

export type RepositoryLoadOptions = {
  readonly asOf?: AsOf | undefined;
  readonly atLeast?: Position | undefined;
  /** Says that nobody waits any more: then it throws `ABORTED`, unless others wait for the same. */
  readonly signal?: AbortSignal | undefined;
};

/** What loads aggregates. */
export type AggregateLoader = Pick<Repository, 'load' | 'loadFresh'>;

/**
 * Loads aggregates: from memory, else from their snapshot and the events behind it, else from all their events. A state in
 * memory may be behind what another process stored since; the append's expected version finds that out, and whoever
 * decides *not* to append asks for a fresh one.
 */
export class Repository {
  /** What is in memory. */
  readonly cache: StateCache;
  readonly #events: Pick<EventStore, 'read'>;
  readonly #streams: StreamLoader;
  readonly #faults: SnapshotFaults;
  readonly #snapshots: SnapshotLoader;
  readonly #writer: SnapshotWriter;

  constructor(events: Pick<EventStore, 'read'>, options: RepositoryOptions = {}) {
    const { cacheSize = 1_000, snapshots, logger = silentLogger } = options;
    this.cache = new StateCache(cacheSize);
    this.#events = events;
    this.#streams = new StreamLoader(events);
    this.#faults = new SnapshotFaults(logger);
    this.#snapshots = new SnapshotLoader(snapshots, this.#faults);
    this.#writer = new SnapshotWriter(snapshots, this.#faults);
  }

  /** How often snapshots could not be used or stored, by error code. Loads then fold all events; commands succeed. */
  get snapshotFaults(): ReadonlyMap<string, number> {
    return this.#faults.counts;
  }

  /**
   * The state from memory if it is there, else from the log; with `asOf`, as it was at that moment. `atLeast` is the position of a
   * receipt of this aggregate: a state in memory that is older, since another process has written, is brought up to date. `signal` ends
   * the reading of a moment; that of now is shared with others.
   */
  async load<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    { asOf, atLeast = 1, signal }: RepositoryLoadOptions = {},
  ): Promise<Loaded<State>> {
    if (asOf !== undefined) return this.#loadAsOf(aggregate, id, { asOf, signal });
    const kept = this.guess(aggregate, id);
    return kept.position < atLeast ? this.loadFresh(aggregate, id, { signal }) : kept;
  }

  /**
   * The state from memory if it is there, else that of an aggregate without events: what a command that creates one will
   * find. It costs no round trip, and the append's expected version holds only if it was right.
   */
  guess<State>(aggregate: AggregateRoot<State>, id: string): Loaded<State> {
    return this.cache.get(aggregate, id) ?? unloaded(aggregate);
  }

  /** The state from the log, of which only what came since is read when it is in memory; or as a transaction sees it. */
  async loadFresh<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    { transaction, signal }: LoadOptions = {},
  ): Promise<Loaded<State>> {
    // What a transaction has read or written may never be: nothing of it goes into memory.
    if (transaction !== undefined) return this.#loadWhole(aggregate, id, { transaction, signal });
    const { epoch } = this.cache;
    const kept = this.cache.get(aggregate, id);
    const goneOn = kept && (await this.#goOn(aggregate, id, { kept, signal }));
    const loaded = goneOn ?? (await this.#loadWhole(aggregate, id, { signal }));
    // What does not exist may exist a moment later: nothing about it is worth keeping.
    if (loaded.version > 0) this.cache.keep(aggregate, id, { loaded, epoch });
    return loaded;
  }

  /**
   * Takes in a state that an append has made, and stores its snapshot when the aggregate's policy says so. There is a promise
   * only when that is to be waited for.
   */
  keep<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    change: { readonly from: number; readonly loaded: Loaded<State>; readonly epoch: number },
  ): Promise<void> | undefined {
    this.cache.keep(aggregate, id, change);
    return this.#writer.afterAppend(aggregate, id, change);
  }

  /**
   * Stores a snapshot of the aggregate as it is now.
   *
   * @throws LivefoldError `NO_SNAPSHOTS` when the aggregate has no snapshot policy, or the repository no store for them
   */
  async snapshot<State>(aggregate: AggregateRoot<State>, id: string): Promise<void> {
    await this.#writer.write(aggregate, id, await this.loadFresh(aggregate, id));
  }

  /** Deletes snapshots; the answer is how many. @throws LivefoldError `NO_SNAPSHOTS` without a store for them */
  deleteSnapshots(which: SnapshotSelection): Promise<number> {
    return this.#writer.delete(which);
  }

  /** Waits for the snapshots that are stored in the background. */
  settle(): Promise<void> {
    return this.#writer.settle();
  }

  /** Forgets all states in memory, those on their way there included: for when a subject is forgotten. */
  clear(): void {
    this.cache.clear();
    this.#writer.clear();
  }

  /** From memory; `undefined` when the log no longer has the event up to which that was folded: it was restored, say. */
  async #goOn<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    { kept, signal }: Pick<LoadOptions, 'signal'> & { readonly kept: Loaded<State> },
  ): Promise<Loaded<State> | undefined> {
    const section = { stream: streamOf(aggregate, id), after: kept.version - 1 };
    const [last, ...behind] = await this.#streams.load(section, { signal });
    if (last?.position === kept.position) return foldOn(aggregate, kept, behind);
    this.cache.forget(aggregate, id);
    return undefined;
  }

  async #loadWhole<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    options: LoadOptions,
  ): Promise<Loaded<State>> {
    const fromSnapshot = await this.#snapshots.load(aggregate, id, options);
    if (fromSnapshot !== undefined) return fromSnapshot;
    const section = { stream: streamOf(aggregate, id), after: 0 };
    return foldOn(aggregate, unloaded(aggregate), await this.#streams.load(section, options));
  }

  async #loadAsOf<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    { asOf, signal }: Pick<LoadOptions, 'signal'> & { readonly asOf: AsOf },
  ): Promise<Loaded<State>> {
    const source = { stream: streamOf(aggregate, id), events: this.#events, signal };
    const snapshot = await this.#snapshots.loadSnapshot(aggregate, id, { signal });
    const isUsable = snapshot !== undefined && !(await isBeyond(snapshot, asOf, source));
    return foldUpTo(asOf, { aggregate, ...source, from: isUsable ? snapshot : unloaded(aggregate) });
  }
}
