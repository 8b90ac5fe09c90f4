import { chunks } from '../kernel/chunks.ts';
import type { EventStore, Position } from '../persistence/event-store.ts';
import { foldInTurns } from './fold-batch.ts';
import { checkFolds } from './fold-rows.ts';
import type { AnyProjection, AnyRow } from './projection.ts';
import { readAtMost } from './read-at-most.ts';
import type { ReadModels } from './read-models.ts';

/** So many events are folded at a time. */
const chunk = 1_000;
/** So many folds are kept: a client that pages through the past, or compares two moments of it, folds each once. */
const mostKept = 2;

type Rows = ReadonlyMap<string, AnyRow>;

export type PastOptions = { readonly at: Position; readonly mostEvents: number };

export type PastSources = {
  readonly store: Pick<EventStore, 'read'>;
  readonly models: Pick<ReadModels, 'start'>;
};

/**
 * Projections as they were: folded from the log by the projection's own fold, up to a position. The past stays as it is, so the
 * last folds are kept, until somebody is forgotten.
 */
export class PastRows {
  readonly #store: PastSources['store'];
  readonly #models: PastSources['models'];
  readonly #kept = new Map<string, Promise<Rows>>();
  /** They fold one after another: there is one thread, and what each has in memory may be all that a log tells. */
  #last: Promise<unknown> = Promise.resolve();
  #epoch = 0;

  constructor({ store, models }: PastSources) {
    this.#store = store;
    this.#models = models;
  }

  /** All rows of a projection as they were at a position, by key. @throws LivefoldError `TOO_COSTLY`, `NO_FOLD` */
  async rows(projection: AnyProjection, options: PastOptions): Promise<Rows> {
    checkFolds(projection);
    const epoch = this.#epoch;
    const rows = await this.#shared(projection, options);
    // Somebody was forgotten meanwhile: what was folded may tell of them.
    return epoch === this.#epoch ? rows : this.rows(projection, options);
  }

  /** Lets go of what is kept: for when a subject is forgotten. */
  clear(): void {
    this.#epoch += 1;
    this.#kept.clear();
  }

  #shared(projection: AnyProjection, options: PastOptions): Promise<Rows> {
    const name = `${projection.name} ${options.at}`;
    const rows = this.#kept.get(name) ?? this.#inTurn(() => this.#fold(projection, options));
    this.#kept.delete(name);
    this.#kept.set(name, rows);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
    rows.catch(() => {
      if (this.#kept.get(name) === rows) this.#kept.delete(name);
    });
    return rows;
  }

  #inTurn(fold: () => Promise<Rows>): Promise<Rows> {
    const rows = this.#last.then(fold);
    this.#last = rows.catch(() => {});
    return rows;
  }

  async #fold(projection: AnyProjection, { at, mostEvents }: PastOptions): Promise<Rows> {
    const rows = new Map<string, AnyRow>();
    const events = readAtMost(this.#store, {
      query: projection.query,
      range: { after: await this.#models.start(projection), before: at + 1 },
      most: mostEvents,
      what: `What ${projection.name} were at position ${at}`,
      instead: 'ask for an earlier moment, or for single ones by their ids',
    });
    for await (const some of chunks(events, chunk))
      for (const { key, after, position } of await foldInTurns(projection, some, rows)) {
        if (after === undefined) rows.delete(key);
        else rows.set(key, { ...after, position });
      }
    return rows;
  }
}
