import { createMemoryPersistence } from '../../src/adapters/memory/memory-persistence.ts';
import { createExecutor, type Execute } from '../../src/application/execute.ts';
import { Repository } from '../../src/application/repository.ts';
import type { SnapshotPolicy } from '../../src/domain/aggregate.ts';
import type { Query } from '../../src/domain/query.ts';
import { LivefoldError } from '../../src/kernel/errors.ts';
import type { Persistence } from '../../src/persistence/persistence.ts';
import type { Snapshot, SnapshotStore } from '../../src/persistence/snapshot-store.ts';
import { ledgerWith } from './ledger.ts';
import { mapped } from './mapped.ts';

/** A ledger in memory, a process that works on it, and what was asked of its store. */
export function openLedger(
  policy?: SnapshotPolicy,
  change: (store: SnapshotStore) => Partial<SnapshotStore> = () => ({}),
) {
  const { events, snapshots: real }: Persistence = mapped(createMemoryPersistence());
  const asked: string[] = [];
  const watched = {
    ...events,
    read(query: Query, options?: object) {
      asked.push(`read ${query.items.map(({ stream, afterVersion }) => `${stream}>${afterVersion}`)}`);
      return events.read(query, options);
    },
  };
  const snapshots: SnapshotStore = {
    async loadTails(streams, options) {
      asked.push(`tails ${streams.join()}`);
      return real.loadTails(streams, options);
    },
    save: (snapshot) => real.save(snapshot),
    deleteSnapshots: (which) => real.deleteSnapshots(which),
    ...change(real),
  };
  const ledger = ledgerWith(policy);
  const another = (): Repository => new Repository(watched, { snapshots });
  const repository = another();
  return {
    ledger,
    repository,
    another,
    asked,
    events,
    snapshots: real,
    execute: createExecutor({ store: watched, repository }),
    async saved(id = '1'): Promise<Snapshot | null> {
      await repository.settle();
      const [tail] = await real.loadTails([`Ledger-${id}`]);
      return tail?.snapshot ?? null;
    },
  };
}

/** Appends entries of these numbers, one append each. */
export async function enter(
  { execute, ledger }: { readonly execute: Execute; readonly ledger: ReturnType<typeof ledgerWith> },
  ...counts: readonly number[]
): Promise<void> {
  for (const count of counts)
    await execute(ledger.commands.enter('1', { amounts: Array.from({ length: count }, (_, n) => n + 1) }));
}

export const damaged = new LivefoldError('SEALED_DATA_DAMAGED', 'damaged');
export const fails = (): Promise<never> => Promise.reject(damaged);
