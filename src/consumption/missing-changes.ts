import type { Position } from '../persistence/event-store.ts';
import type { ChangeBatch, ChangeFeed } from './change-feed.ts';
import type { AnyProjection } from './projection.ts';
import type { ChangesSince } from './read-models.ts';

/** What changed in the table behind a position; `null` when that is not known, or too much. */
export type ReadChanges = (after: Position) => Promise<ChangesSince | null>;

/**
 * Tells a feed how far other processes have taken the table. What they changed is read from it, once for all who watch: the feed's
 * position moves when that is known. While nobody watches nothing is read.
 */
export class MissingChanges {
  readonly #projection: AnyProjection;
  readonly #feed: ChangeFeed;
  readonly #read: ReadChanges;
  #to: Position = 0;
  /** The feed's: positions of another table are none of this one. */
  #epoch = 0;
  #isReading = false;
  /** Where the last reading took the feed, and when it began. */
  #last = { to: -1, at: 0 };

  constructor(projection: AnyProjection, feed: ChangeFeed, read: ReadChanges) {
    this.#projection = projection;
    this.#feed = feed;
    this.#read = read;
  }

  /** Never rejects. At once when nobody watches. */
  async publish(to: Position): Promise<void> {
    const feed = this.#feed;
    this.#to = feed.epoch === this.#epoch ? Math.max(this.#to, to) : to;
    this.#epoch = feed.epoch;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#to > feed.position && feed.epoch === this.#epoch) {
      const { position: after, revision, epoch } = feed;
      const unknown: ChangeBatch = { after, to: this.#to, changes: null };
      const batch = feed.isWatched ? await this.#find(unknown) : unknown;
      // This process folds it now, or what was read is no longer what there is.
      const isLate = feed.position !== after || feed.revision !== revision || feed.epoch !== epoch;
      if (!isLate) feed.publish(batch);
    }
    this.#isReading = false;
  }

  async #find(unknown: ChangeBatch): Promise<ChangeBatch> {
    const { after, to } = unknown;
    const since = this.#last.to === after ? this.#last.at : 0;
    const at = performance.now();
    // Whoever watches meets the error itself, by reading on its own.
    const found = await this.#read(after).catch(() => null);
    if (found === null || found.position < to) return unknown;
    const { keyField } = this.#projection;
    const changed = found.upserted.map((row) => ({
      ...{ key: String(row[keyField]), before: undefined, after: row, position: Number(row.position) },
    }));
    const removed = found.removed.map((key) => ({
      ...{ key, before: undefined, after: undefined, position: found.position },
    }));
    this.#last = { to: found.position, at };
    return { after, to: found.position, changes: [...changed, ...removed], fromTable: { since } };
  }
}
