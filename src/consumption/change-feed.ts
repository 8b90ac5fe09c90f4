import { Bell } from '../kernel/async.ts';
import type { Position } from '../persistence/event-store.ts';
import type { RowChange } from './fold-rows.ts';

/** What one committed batch changed. `changes` is null when another process did it: the tables know. */
export type ChangeBatch = { readonly after: Position; readonly to: Position; readonly changes: readonly RowChange[] | null };

/** So many row changes are kept in all: a live client that is further behind reads the tables. */
const mostChanges = 10_000;

/** The committed changes of one projection's table, as this process sees them; the last ones stay in memory. */
export class ChangeFeed {
  /** Rings at each committed batch. */
  readonly bell = new Bell();
  #position: Position;
  #batches: ChangeBatch[] = [];
  #changes = 0;

  constructor(position: Position) {
    this.#position = position;
  }

  /** Up to where the table is known to have come. */
  get position(): Position {
    return this.#position;
  }

  publish(batch: ChangeBatch): void {
    // A batch of the log in which this table did not change moves the position only; nobody needs to look at it later.
    if (batch.changes?.length === 0 && this.#batches.length > 0) this.#extendLast(batch);
    else this.#batches.push(batch);
    this.#changes += batch.changes?.length ?? 0;
    while (this.#changes > mostChanges || this.#batches.length > mostChanges) this.#changes -= this.#batches.shift()?.changes?.length ?? 0;
    this.#position = batch.to;
    this.bell.ring();
  }

  /** The batches behind a position, or null when memory does not reach back to it. */
  since(position: Position): readonly ChangeBatch[] | null {
    if (position >= this.#position) return [];
    const start = this.#batches.findIndex(({ to }) => to > position);
    const first = this.#batches[start];
    return first === undefined || first.after > position ? null : this.#batches.slice(start);
  }

  #extendLast(batch: ChangeBatch): void {
    const last = this.#batches.pop();
    if (last !== undefined) this.#batches.push({ ...last, to: batch.to });
  }
}
