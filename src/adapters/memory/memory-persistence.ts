import type { Bell } from '../../kernel/async.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import type { Persistence } from '../../persistence/persistence.ts';
import { createMemoryArchive } from './memory-archive.ts';
import { createMemoryEventStore } from './memory-event-store.ts';
import { createMemoryKeyStore } from './memory-key-store.ts';
import { createMemorySnapshotStore } from './memory-snapshot-store.ts';
import { createMemoryState } from './memory-state.ts';
import { createMemoryTracking } from './memory-tracking.ts';
import type { MemoryTransaction } from './memory-transaction.ts';
import { MemoryWriter } from './memory-writer.ts';

export type MemoryPersistence = Persistence<MemoryTransaction> & {
  /** Rings when something was committed: what an `EventLog` over it waits for. */
  readonly bell: Bell;
};

/**
 * Everything in this process's memory, gone with it: for tests and small tools. Transactions go one at a time: within one,
 * pass it to all that writes, since what does not have it waits until it is over.
 */
export function createMemoryPersistence(options: { readonly clock?: Clock } = {}): MemoryPersistence {
  const { clock = systemClock } = options;
  const state = createMemoryState();
  const writer = new MemoryWriter(state);
  return {
    events: createMemoryEventStore(writer, clock),
    snapshots: createMemorySnapshotStore(state, writer),
    tracking: createMemoryTracking(writer),
    keys: createMemoryKeyStore(state.keys),
    archive: createMemoryArchive(state, writer),
    bell: writer.bell,
    transaction: (work) => writer.run(work),
  };
}
