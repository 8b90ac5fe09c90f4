import { type Moment, rangeUpTo } from '../application/as-of.ts';
import { foldQuery } from '../application/fold-query.ts';
import { type Loaded, unloaded } from '../application/loaded.ts';
import { StateCache } from '../application/state-cache.ts';
import type { EventStore, Position } from '../persistence/event-store.ts';
import type { EventLog } from './event-log.ts';
import type { LiveProjection, LiveState } from './live-projection.ts';

/** A row as of a position, `null` where there is none. */
export type LiveRow<Row> = { readonly row: Row | null; readonly position: Position };

/** A row as whoever follows it has it, up to a position. It never changes: those at one place share it. */
export type HeldRow<Row> = {
  readonly loaded: Loaded<LiveState<Row>>;
  /** The log's when it was read: it rises when somebody is forgotten. */
  readonly epoch: number;
};

export type ReadLiveRowOptions = {
  readonly asOf?: Moment | undefined;
  /** Ends the reading, with `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
};

export type LiveReaderOptions = {
  readonly store: Pick<EventStore, 'read'>;
  readonly log: EventLog;
  /** Most rows kept in memory; 1,000 unless given. */
  readonly cacheSize?: number;
};

/** Reads live projections: folds what came since, from a row in memory or from the first event. */
export class LiveReader {
  readonly #store: Pick<EventStore, 'read'>;
  readonly #log: EventLog;
  readonly #cache: StateCache;

  constructor({ store, log, cacheSize = 1_000 }: LiveReaderOptions) {
    this.#store = store;
    this.#log = log;
    this.#cache = new StateCache(cacheSize);
  }

  /** The row of a key. It holds everything that was on the log when it was asked for; with `asOf`, what was by that moment. */
  async read<Row>(
    projection: LiveProjection<Row>,
    key: string,
    options: ReadLiveRowOptions = {},
  ): Promise<LiveRow<Row>> {
    return rowOf(await this.#load(projection, key, options));
  }

  /** The row of a key for whoever follows it: as it is, or as it was at a position. */
  async hold<Row>(projection: LiveProjection<Row>, key: string, position?: Position): Promise<HeldRow<Row>> {
    const { epoch } = this.#log;
    return {
      epoch,
      loaded: await this.#load(projection, key, {
        asOf: position === undefined ? undefined : { position },
      }),
    };
  }

  /** Forgets all rows in memory, those on their way there included: for when a subject is forgotten. */
  clear(): void {
    this.#cache.clear();
  }

  async #load<Row>(
    projection: LiveProjection<Row>,
    key: string,
    { asOf, signal }: ReadLiveRowOptions,
  ): Promise<Loaded<LiveState<Row>>> {
    const { epoch } = this.#cache;
    // Up to here a read that begins now sees the log; so far there is nothing more for this key to look for later.
    const { seen } = this.#log;
    const kept = this.#cache.get(projection, key);
    const from = kept !== undefined && !isBeyond(kept, asOf) ? kept : nothing(projection, key);
    const loaded = await foldQuery(projection, from, {
      events: this.#store,
      query: projection.query(key),
      range: { after: from.position, ...(asOf && rangeUpTo(asOf)), ...(signal && { signal }) },
    });
    if (asOf !== undefined) return 'position' in asOf ? { ...loaded, position: asOf.position } : loaded;
    const current = { ...loaded, position: Math.max(loaded.position, seen) };
    // Of a key without events there is nothing worth keeping: whoever makes keys up would fill the memory.
    if (current.version > 0) this.#cache.keep(projection, key, { loaded: current, epoch });
    return current;
  }
}

function nothing<Row>(projection: LiveProjection<Row>, key: string): Loaded<LiveState<Row>> {
  return { ...unloaded(projection), state: { key, row: undefined } };
}

/** Whether a row may hold what is from after the moment. */
function isBeyond({ position }: Loaded<unknown>, asOf: Moment | undefined): boolean {
  return asOf !== undefined && (!('position' in asOf) || position > asOf.position);
}

/** What of it is told. */
export function rowOf<Row>({ state, position }: Loaded<LiveState<Row>>): LiveRow<Row> {
  return { row: state.row ?? null, position };
}
