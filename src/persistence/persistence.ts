import type { EventStore } from './event-store.ts';
import type { KeyStore } from './key-store.ts';
import type { LogArchive } from './log-archive.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { Tracking } from './tracking.ts';

/** Everything that one engine keeps, under one kind of transaction: what each of Livefold's own three adapters gives. */
export interface Persistence<Transaction = unknown> {
  readonly events: EventStore<Transaction>;
  readonly snapshots: SnapshotStore<Transaction>;
  readonly tracking: Tracking<Transaction>;
  readonly keys: KeyStore;
  readonly archive: LogArchive;
  /** Runs work in one transaction; when it throws, nothing that it did there happened. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
}
