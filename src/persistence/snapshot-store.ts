import type { StoredEvent } from '../domain/event.ts';
import type { Position, ReadOptions } from './event-store.ts';

/** An aggregate's folded state at a version of its stream. Throwing it away costs time only. */
export type Snapshot = {
  readonly stream: string;
  /** The version of the stream, and the position of that event, up to which the state is folded. */
  readonly version: number;
  readonly position: Position;
  /** The version of the state's own shape. */
  readonly schemaVersion: number;
  /** A JSON value, or bytes (`Uint8Array`) that a mapper made. */
  readonly state: unknown;
  /** Whose personal data the state was folded from: their keys seal it. */
  readonly subjects: readonly string[];
};

/** What a stream is loaded from: the newest snapshot, and the events behind it. */
export type StreamTail = {
  readonly stream: string;
  readonly snapshot: Snapshot | null;
  readonly events: readonly StoredEvent[];
};

/** Snapshots beside the log, one for each stream. */
export interface SnapshotStore<Transaction = unknown> {
  /** Stores a snapshot in the place of an older one; one that is not newer than what is there changes nothing. */
  save(snapshot: Snapshot): Promise<void>;
  /** The snapshot of each stream with the events behind it, in one round trip, in the order asked for. */
  loadTails(
    streams: readonly string[],
    options?: Pick<ReadOptions<Transaction>, 'transaction' | 'signal'>,
  ): Promise<readonly StreamTail[]>;
  /** Deletes the snapshots of these streams, of one aggregate's streams by its name, or all; the answer is how many. */
  deleteSnapshots(which: SnapshotSelection): Promise<number>;
}

export type SnapshotSelection =
  | { readonly streams: readonly string[] }
  | { readonly aggregate: string }
  | 'all';
