import type { Snapshot, SnapshotSelection, SnapshotStore } from '../../persistence/snapshot-store.ts';
import { keepValue, showEvent, showValue } from './keep-event.ts';
import type { MemoryState } from './memory-state.ts';
import type { MemoryTransaction } from './memory-transaction.ts';
import type { MemoryWriter } from './memory-writer.ts';

export function createMemorySnapshotStore(
  state: MemoryState,
  writer: MemoryWriter,
): SnapshotStore<MemoryTransaction> {
  const { snapshots } = state;

  function loadTail(view: MemoryTransaction, stream: string) {
    const kept = snapshots.get(stream);
    const query = { items: [{ stream, afterVersion: kept?.version ?? 0 }] };
    const events = [...view.select(query, { after: 0, before: view.head + 1 })].map(showEvent);
    return { stream, snapshot: kept === undefined ? null : show(kept), events };
  }

  return {
    async save(snapshot) {
      const known = snapshots.get(snapshot.stream);
      if (known === undefined || isNewer(snapshot, known)) snapshots.set(snapshot.stream, keep(snapshot));
    },

    async loadTails(streams, { transaction } = {}) {
      const view = writer.view(transaction);
      return streams.map((stream) => loadTail(view, stream));
    },

    async deleteSnapshots(which) {
      const meant = [...snapshots.keys()].filter((stream) => isSelected(which, stream));
      for (const stream of meant) snapshots.delete(stream);
      return meant.length;
    },
  };
}

/** Of one version, a state of the newer shape is the newer one. */
function isNewer(snapshot: Snapshot, known: Snapshot): boolean {
  return (
    snapshot.version > known.version ||
    (snapshot.version === known.version && snapshot.schemaVersion > known.schemaVersion)
  );
}

function isSelected(which: SnapshotSelection, stream: string): boolean {
  if (which === 'all') return true;
  return 'streams' in which ? which.streams.includes(stream) : stream.startsWith(`${which.aggregate}-`);
}

function keep(snapshot: Snapshot): Snapshot {
  const { stream, version, position, schemaVersion } = snapshot;
  const subjects = Object.freeze([...snapshot.subjects]);
  return { stream, version, position, schemaVersion, state: keepValue(snapshot.state), subjects };
}

function show(snapshot: Snapshot): Snapshot {
  return { ...snapshot, state: showValue(snapshot.state) };
}
