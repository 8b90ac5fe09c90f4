import { throwIfAborted } from '../kernel/async.ts';
import { chunks } from '../kernel/chunks.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';
import { checkFolds } from './fold-rows.ts';
import { KeptBackEvents } from './kept-back-events.ts';
import { KeptPasts } from './kept-pasts.ts';
import { PastFold } from './past-fold.ts';
import type { AnyProjection, AnyRow, StoredRow } from './projection.ts';
import { type Bound, readAtMost } from './read-at-most.ts';
import type { RowQuery } from './read-models.ts';
import { type PastSources, type RowsThen, rowsChangedSince, unknownSince } from './rows-changed-since.ts';
import { selectRows } from './select-rows.ts';

/** So many events are folded at a time. */
const chunk = 1_000;

type Rows = ReadonlyMap<string, AnyRow>;
/** All rows of a moment, or those that have changed since. */
type Kept = { readonly all: Rows } | { readonly changed: RowsThen };

export type PastOptions = {
  readonly at: Position;
  /** So many events are read at most. */
  readonly mostEvents: number;
  /** The stream that a row is folded from, by its key, where all events that change the row are in one. */
  readonly stream?: ((key: string) => string) | undefined;
  /** Says that nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
};

/** What a look into the past goes by. */
type Look = PastOptions & { readonly projection: AnyProjection; readonly keptBack: KeptBackEvents };
type LookFromNow = Look & { readonly stream: NonNullable<PastOptions['stream']> };

/**
 * Projections as they were, by the projection's own fold: from the log's beginning up to a position, or back from the table of now where less
 * has happened since. The past stays as it is, so the last folds are kept, until somebody is forgotten or what is kept back changes.
 */
export class PastRows {
  readonly #sources: PastSources;
  readonly #kept = new KeptPasts<Kept>();

  constructor(sources: PastSources) {
    this.#sources = sources;
  }

  /** All rows of a projection as they were at a position, by key, folded from the beginning. @throws LivefoldError `TOO_COSTLY`, `NO_FOLD` */
  rows(projection: AnyProjection, options: PastOptions): Promise<Rows> {
    return this.#look(projection, options, (look) => this.#rows(look));
  }

  /** Some of the rows, as a query of the table would have given them then. @throws LivefoldError `TOO_COSTLY`, `NO_FOLD` */
  async page<P extends AnyProjection>(
    projection: P,
    query: RowQuery,
    options: PastOptions,
  ): Promise<readonly StoredRow<P>[]> {
    const rows = await this.#look(projection, options, (look) => this.#page(look, query));
    // The table's own columns made them.
    return rows as readonly StoredRow<P>[];
  }

  /** Lets go of what is kept: for when a subject is forgotten. */
  clear(): void {
    this.#kept.clear();
  }

  async #look<Result>(
    projection: AnyProjection,
    options: PastOptions,
    work: (look: Look) => Promise<Result>,
  ): Promise<Result> {
    checkFolds(projection);
    for (;;) {
      const { epoch } = this.#kept;
      const keptBack = new KeptBackEvents(projection);
      await keptBack.look(this.#sources.models.parked);
      const result = await work({ ...options, projection, keptBack });
      // Else somebody was forgotten meanwhile: what was folded may tell of them.
      if (epoch === this.#kept.epoch) return result;
    }
  }

  async #page(look: Look, query: RowQuery): Promise<readonly AnyRow[]> {
    const fromBeginning = async (): Promise<readonly AnyRow[]> => {
      const rows = selectRows(look.projection, (await this.#rows(look)).values(), query);
      return this.#sources.models.asKept(look.projection, rows, look.signal);
    };
    const { stream } = look;
    const wayBack = stream === undefined ? 'none' : await this.#wayBack(look);
    if (stream === undefined || wayBack === 'none') return fromBeginning();
    const fromNow = (): Promise<readonly AnyRow[]> => this.#pageFromNow({ ...look, stream }, query);
    const [first, second] = wayBack === 'shorter' ? [fromNow, fromBeginning] : [fromBeginning, fromNow];
    try {
      return await first();
    } catch (error) {
      if (!isLivefoldError(error, 'TOO_COSTLY')) throw error;
      return second();
    }
  }

  /** How far it is from the table, compared with the beginning; there is no way from one that has not come as far, or is not what it has folded. */
  async #wayBack(look: Look): Promise<'none' | 'shorter' | 'longer'> {
    const { models } = this.#sources;
    const { projection, at } = look;
    const { position, fault, beyond } = await models.place(projection);
    if (position < at || fault !== null || beyond !== null) return 'none';
    const isFolded = this.#kept.has(nameOf(look, 'all'));
    return !isFolded && position - at < at - (await models.start(projection)) ? 'shorter' : 'longer';
  }

  async #pageFromNow(look: LookFromNow, query: RowQuery): Promise<readonly AnyRow[]> {
    const { projection, at, signal } = look;
    const isOlder = { position: { lte: at } };
    const filter = query.filter ? { and: [isOlder, query.filter] } : isOlder;
    // First the table: what changes in it from here on is found among what has changed since.
    const page = await this.#sources.models.rows(projection, {
      ...{ ...query, filter, isByCodePoint: true },
      ...(signal && { signal }),
    });
    const { rows } = await this.#changedSince(look);
    const unchanged = page.filter((row) => !rows.has(String(row[projection.keyField])));
    const changed = [...rows.values()].filter((row) => row !== undefined);
    return selectRows(projection, [...unchanged, ...changed], query);
  }

  #changedSince(look: LookFromNow): Promise<RowsThen> {
    const { projection, at } = look;
    return this.#kept.inTurn(nameOf(look, 'changed'), look.signal, async (kept) => {
      const known = kept !== undefined && 'changed' in kept ? kept.changed : unknownSince(at);
      const changed = await rowsChangedSince(projection, known, this.#sources, {
        ...look,
        bound: boundOf(look),
      });
      return { result: changed, kept: changed.hasFailed ? undefined : { changed } };
    });
  }

  #rows(look: Look): Promise<Rows> {
    return this.#kept.inTurn(nameOf(look, 'all'), look.signal, async (kept) => {
      if (kept !== undefined && 'all' in kept) return { result: kept.all, kept };
      const { rows, hasFailed } = await this.#foldAll(look);
      return { result: rows, kept: hasFailed ? undefined : { all: rows } };
    });
  }

  async #foldAll({ projection, keptBack, signal, ...look }: Look): Promise<PastFold> {
    const { store, models } = this.#sources;
    const fold = new PastFold(projection, { keptBack });
    const events = readAtMost(store, {
      query: projection.query,
      range: {
        after: await models.start(projection),
        before: look.at + 1,
        ...(signal && { signal }),
      },
      ...boundOf({ projection, ...look }),
    });
    for await (const some of chunks(events, chunk)) {
      throwIfAborted(signal);
      await fold.add(some);
    }
    return fold;
  }
}

/** What is retried or skipped changes the past as far as it reaches. */
function nameOf({ projection, at, keptBack }: Look, what: 'all' | 'changed'): string {
  return `${projection.name} ${what} ${at} ${keptBack.upTo(at)}`;
}

function boundOf({ projection, at, mostEvents, stream }: Omit<Look, 'keptBack'>): Bound {
  const moment = stream === undefined ? 'an earlier moment' : 'a moment nearer to the beginning or to now';
  return {
    most: mostEvents,
    what: `What ${projection.name} were at position ${at}`,
    instead: `ask for ${moment}, or for single ones by their ids`,
  };
}
