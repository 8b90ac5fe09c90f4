import { Bell } from '../kernel/async.ts';
import { sizeOf } from '../kernel/size-of.ts';
import type { Position } from '../persistence/event-store.ts';
import type { RowChange } from './fold-rows.ts';

/** What one committed batch changed. `changes` is null when they are not known here: the table has them. */
export type ChangeBatch = {
  readonly after: Position;
  readonly to: Position;
  readonly changes: readonly RowChange[] | null;
};

/** So many row changes are kept in all: a live client that is further behind reads the tables. */
const mostChanges = 10_000;
/** About so many bytes of rows, where rows are large. */
const mostBytes = 64 * 1024 * 1024;

type Kept = { readonly batch: ChangeBatch; readonly bytes: number };

/** The committed changes of one projection's table, as this process sees them; the last ones stay in memory. */
export class ChangeFeed {
  /** Rings at each committed batch. */
  readonly bell = new Bell();
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

  constructor(position: Position, horizon: Position = 0) {
    this.#position = position;
    this.#start = position;
    this.#horizon = horizon;
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
    this.bell.ring();
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
    this.bell.ring();
  }

  publish(batch: ChangeBatch): void {
    if (batch.changes?.length !== 0) this.#keep(batch);
    this.#position = batch.to;
    this.bell.ring();
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
    const batch =
      this.#batches[this.#batches.findLastIndex(({ batch: { to } }) => to <= position) + 1]?.batch;
    // From inside a batch its changes cannot be told: a row's `before` is from before the batch.
    return batch !== undefined && batch.after < position ? unknown : batch;
  }

  /** Lets go of the changes in memory, where they must not be told again: clients get what they miss from the table. */
  clear(): void {
    this.#batches = [];
    this.#changes = 0;
    this.#bytes = 0;
    this.#start = this.#position;
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
