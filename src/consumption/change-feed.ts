import { Bell } from '../kernel/async.ts';
import { sizeOf } from '../kernel/size-of.ts';
import type { Position } from '../persistence/event-store.ts';
import { type Filter, type IsDecimal, passes } from './filter.ts';
import { termsOf, valuesIn } from './filter-terms.ts';
import type { RowChange } from './fold-rows.ts';
import { TermIndex } from './term-index.ts';
import { Watch } from './watch.ts';

/** What one committed batch changed. `changes` is null when they are not known here: the table has them. */
export type ChangeBatch = {
  readonly after: Position;
  readonly to: Position;
  readonly changes: readonly RowChange[] | null;
  /**
   * Set where the table was read for them: it does not tell what rows were before. What stands before `after` was all read by a
   * statement that began at `since`, on the process's clock.
   */
  readonly fromTable?: { readonly since: number };
};

/** Who is further behind than so many batches gets them as one: what came in a burst is not told in a hundred frames. */
const mostSingle = 2;
/** Most changes that several batches are made one of. */
const mostMerged = 1_000;
/** So many row changes are kept in all: a live client that is further behind reads the tables. */
const mostChanges = 10_000;
/** About so many bytes of rows, where rows are large. */
const mostBytes = 64 * 1024 * 1024;

type Kept = { readonly batch: ChangeBatch; readonly bytes: number };

type Watcher = { readonly watch: Watch; readonly filter: Filter | null | undefined };

/** The committed changes of one projection's table, as this process sees them; the last ones stay in memory. */
export class ChangeFeed {
  /** Rings at each committed batch. */
  readonly bell = new Bell();
  /** How the table's fields compare. */
  readonly isDecimal: IsDecimal;
  #revision = 0;
  #position: Position;
  #horizon: Position = 0;
  #epoch = 0;
  /** Memory reaches back to here. */
  #start: Position;
  /** Only those that changed something: between two of them the table stayed as it was. */
  #batches: Kept[] = [];
  #changes = 0;
  #bytes = 0;
  readonly #watchers = new TermIndex<Watcher>();

  constructor(position: Position, horizon: Position = 0, isDecimal: IsDecimal = () => false) {
    this.#position = position;
    this.#start = position;
    this.#horizon = horizon;
    this.isDecimal = isDecimal;
  }

  /** Up to where the table is known to have come. */
  get position(): Position {
    return this.#position;
  }

  /** Rises when rows may have changed without the position: whoever has seen another revision reads the table from where they are. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * The revision that a client has seen which resumes at a position: undefined where only the table can tell, since memory does not
   * reach back behind it.
   */
  revisionAt(position: Position): number | undefined {
    return position > this.#start ? this.#revision : undefined;
  }

  /** Says that rows may have changed without the position: what was kept back of them was folded. */
  amend(): void {
    this.clear();
    this.#revision += 1;
    this.#stir();
  }

  /** Who resumes from before it gets everything anew. */
  get horizon(): Position {
    return this.#horizon;
  }

  /** Rises with each `restart`: what clients hold is of another table than the one that there is now. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The table was exchanged for another, which has come to that position: all who watch begin anew. */
  restart(position: Position, horizon: Position): void {
    this.clear();
    this.#position = position;
    this.#start = position;
    this.#horizon = horizon;
    this.#epoch += 1;
    this.#stir();
  }

  get isWatched(): boolean {
    return !this.#watchers.isEmpty;
  }

  publish(batch: ChangeBatch): void {
    if (batch.changes?.length !== 0) this.#keep(batch);
    this.#position = batch.to;
    for (const { watch } of this.#concerned(batch)) watch.hear(batch);
    this.bell.ring();
  }

  /** Hears of the batches that change a row which passes the filter, or did before. */
  watch(filter: Filter | null | undefined): Watch {
    const terms = termsOf(filter, this.isDecimal);
    const watch = new Watch(() => this.#watchers.remove(watcher, terms));
    const watcher = { watch, filter };
    this.#watchers.add(watcher, terms);
    return watch;
  }

  /**
   * The first batch behind a position that changed something; undefined when none did up to the feed's own. Where memory
   * cannot tell, one batch up to there whose changes are not known.
   */
  next(position: Position): ChangeBatch | undefined {
    if (position >= this.#position) return undefined;
    const unknown = { after: position, to: this.#position, changes: null };
    if (position < this.#start) return unknown;
    // From the end, where live clients are.
    const first = this.#batches.findLastIndex(({ batch: { to } }) => to <= position) + 1;
    const batch = this.#batches[first]?.batch;
    // From inside a batch its changes cannot be told: a row's `before` is from before the batch.
    if (batch !== undefined && batch.after < position) return unknown;
    return batch;
  }

  /** The same, but who is several batches behind gets them as one. */
  burst(position: Position): ChangeBatch | undefined {
    const batch = this.next(position);
    if (batch === undefined || batch.changes === null) return batch;
    const first = this.#batches.findLastIndex((kept) => kept.batch === batch);
    const rest = this.#batches.slice(first).map((kept) => kept.batch);
    return rest.length > mostSingle ? merge(batch, rest) : batch;
  }

  /** Lets go of the changes in memory, where they must not be told again: clients get what they miss from the table. */
  clear(): void {
    this.#batches = [];
    this.#changes = 0;
    this.#bytes = 0;
    this.#start = this.#position;
  }

  /** Wakes all who wait, wherever they are. */
  #stir(): void {
    for (const { watch } of this.#watchers) watch.stir();
    this.bell.ring();
  }

  #concerned({ changes, fromTable }: ChangeBatch): Iterable<Watcher> {
    // What was changed is not known here: each has to look.
    if (changes === null) return [...this.#watchers];
    const concerned = new Set<Watcher>();
    if (this.#watchers.isEmpty) return concerned;
    for (const { before, after } of changes)
      for (const row of [before, after]) {
        if (row === undefined) continue;
        for (const watcher of this.#watchers.find(valuesIn(row, this.isDecimal)))
          if (!concerned.has(watcher) && passes(watcher.filter, row, this.isDecimal)) concerned.add(watcher);
      }
    if (fromTable === undefined) return concerned;
    // Who has a row hears of it, whatever became of it.
    const keys = new Set(changes.map(({ key }) => key));
    for (const watcher of this.#watchers)
      if (watcher.watch.mayHold(keys, fromTable.since)) concerned.add(watcher);
    return concerned;
  }

  #keep(batch: ChangeBatch): void {
    const bytes = (batch.changes ?? []).reduce(
      (sum, { before, after }) => sum + sizeOf(before) + sizeOf(after),
      0,
    );
    this.#batches.push({ batch, bytes });
    this.#changes += batch.changes?.length ?? 0;
    this.#bytes += bytes;
    while (this.#changes > mostChanges || this.#bytes > mostBytes || this.#batches.length > mostChanges)
      this.#forgetOldest();
  }

  #forgetOldest(): void {
    const oldest = this.#batches.shift();
    if (oldest === undefined) return;
    this.#changes -= oldest.batch.changes?.length ?? 0;
    this.#bytes -= oldest.bytes;
    this.#start = oldest.batch.to;
  }
}

/** Batches that follow each other as one, as far as their changes are known and not too many. */
function merge(first: ChangeBatch, batches: readonly ChangeBatch[]): ChangeBatch {
  const merged = new Map<string, RowChange>();
  let { to } = first;
  for (const batch of batches) {
    if (
      batch.changes === null ||
      (batch.fromTable === undefined) !== (first.fromTable === undefined) ||
      merged.size >= mostMerged
    )
      break;
    for (const change of batch.changes) {
      const { before } = merged.get(change.key) ?? change;
      merged.set(change.key, { ...change, before });
    }
    ({ to } = batch);
  }
  return { ...first, to, changes: [...merged.values()] };
}
