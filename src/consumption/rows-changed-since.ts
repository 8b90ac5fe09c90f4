import type { StoredEvent } from '../domain/event.ts';
import type { Query } from '../domain/query.ts';
import { throwIfAborted } from '../kernel/async.ts';
import { chunks } from '../kernel/chunks.ts';
import type { EventStore, Position, ReadOptions } from '../persistence/event-store.ts';
import type { KeptBackEvents, KeptBackStore } from './kept-back-events.ts';
import { keysOfEvent } from './key-events.ts';
import { PastFold } from './past-fold.ts';
import type { AnyProjection, AnyRow } from './projection.ts';
import { type Bound, readAtMost } from './read-at-most.ts';
import type { ReadModels } from './read-models.ts';
import { workInTurns } from './work-in-turns.ts';

/** So many events are worked on, and rows or streams asked for, at a time. */
const chunk = 1_000;

/** The rows that have changed since a moment, as they were then. Every other row still is as it was. */
export type RowsThen = {
  /** By key; undefined where there was none. In the form that the table's columns keep. */
  readonly rows: ReadonlyMap<string, AnyRow | undefined>;
  /** What happened behind the moment is known up to this event, */
  readonly seen: Position;
  /** and what was retried up to where the projection stood here. */
  readonly retried: Position;
  /** How many events and rows were read for it. */
  readonly cost: number;
  /** Whether something could not be folded that is not parked. */
  readonly hasFailed: boolean;
};

export type RowsThenOptions = {
  readonly at: Position;
  /** The stream that a row is folded from, by its key. */
  readonly stream: (key: string) => string;
  readonly bound: Bound;
  readonly keptBack: KeptBackEvents;
  readonly signal?: AbortSignal | undefined;
};

export type PastSources = {
  readonly store: Pick<EventStore, 'read'>;
  readonly models: Pick<ReadModels, 'start' | 'position' | 'place' | 'rows' | 'asKept'> & {
    readonly parked: KeptBackStore;
  };
};

/** Nothing is known yet of what happened behind a moment. */
export const unknownSince = (at: Position): RowsThen => ({
  ...{ rows: new Map(), seen: at, retried: at, cost: 0, hasFailed: false },
});

/**
 * Goes on from what is known by now: finds the rows that events behind the moment concern, or that a retry has changed, and folds
 * those from their own streams up to the moment. Whatever of the table was read before has not changed since, or is among them.
 *
 * @throws LivefoldError `TOO_COSTLY` when more is to be read than the bound
 */
export async function rowsChangedSince(
  projection: AnyProjection,
  known: RowsThen,
  { store, models }: PastSources,
  options: RowsThenOptions,
): Promise<RowsThen> {
  const { at, stream, bound, keptBack, signal } = options;
  const stopping = signal && { signal };
  const { query, keyField } = projection;
  const keys = new Set<string>();
  let { seen, cost, hasFailed } = known;

  // Before the rows are looked through: what is retried later gets a later position.
  const retried = await models.position(projection);
  for await (const events of read(query, { after: seen })) {
    for (const key of await keysOf(projection, events, keptBack)) keys.add(key);
    seen = events.at(-1)?.position ?? seen;
  }
  for await (const row of changedRows(known.retried)) keys.add(String(row[keyField]));
  const anew = [...keys].filter((key) => !known.rows.has(key));
  if (anew.length === 0) return { ...known, seen, retried: Math.max(retried, at), cost };
  const rows = new Map(known.rows);
  const after = await models.start(projection);
  for (let first = 0; first < anew.length; first += chunk) {
    const some = new Set(anew.slice(first, first + chunk));
    for (const key of some) rows.set(key, undefined);
    for (const row of await rowsThen(some)) rows.set(String(row[keyField]), row);
  }
  return { rows, seen, retried: Math.max(retried, at), cost, hasFailed };

  async function* read(which: Query, range: ReadOptions): AsyncGenerator<readonly StoredEvent[]> {
    const events = readAtMost(store, {
      ...{ query: which, range: { ...range, ...stopping } },
      ...{ ...bound, spent: cost },
    });
    for await (const some of chunks(events, chunk)) {
      throwIfAborted(signal);
      cost += some.length;
      yield some;
    }
  }

  /** Of rows that a retry has changed no event behind the moment need tell. */
  async function* changedRows(since: Position): AsyncGenerator<AnyRow> {
    const orderBy = { field: 'position', descending: false };
    let behind: { readonly value: string; readonly key: string } | undefined;
    for (;;) {
      const page = await models.rows(projection, {
        ...{ filter: { position: { gt: since } }, orderBy, limit: chunk },
        ...(behind && { after: behind }),
        ...stopping,
      });
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < chunk) return;
      behind = { value: String(last.position), key: String(last[keyField]) };
    }
  }

  async function rowsThen(some: ReadonlySet<string>): Promise<readonly AnyRow[]> {
    const fold = new PastFold(projection, { keptBack, isWanted: (key) => some.has(key) });
    const streams = new Set([...some].map(stream));
    const items = [...streams].map((one) => ({ stream: one }));
    for await (const events of read({ items }, { after, before: at + 1 })) await fold.add(events);
    hasFailed ||= fold.hasFailed;
    return models.asKept(projection, [...fold.rows.values()], signal);
  }
}

/** The rows that events concern. One that does not tell has changed none, or what it changed tells of it. */
async function keysOf(
  projection: AnyProjection,
  events: readonly StoredEvent[],
  keptBack: KeptBackEvents,
): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  const told = events.filter(({ position }) => !keptBack.isLackedByAll(position));
  await workInTurns(told, projection.timeout, {
    work(event) {
      try {
        for (const key of keysOfEvent(projection, event)) keys.add(key);
      } catch {
        // It waits in its stream, or will.
      }
    },
    onTimeout: () => {},
  });
  return keys;
}
