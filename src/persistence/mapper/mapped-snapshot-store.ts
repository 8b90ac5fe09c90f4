import type { StoredEvent } from '../../domain/event.ts';
import type { Snapshot, SnapshotStore, StreamTail } from '../snapshot-store.ts';
import type { Mapper } from './mapper.ts';

/**
 * A snapshot store with a mapper before it. A snapshot that cannot be read fails its load, and with it those of the streams
 * asked for beside it: load each alone then, or fold the events.
 *
 * @throws LivefoldError what the mapper throws; from `loadTails`, with the `stream` whose snapshot or event cannot be read
 */
export function createMappedSnapshotStore<Transaction>(
  inner: SnapshotStore<Transaction>,
  mapper: Mapper,
): SnapshotStore<Transaction> {
  return {
    save: async (snapshot) => inner.save(await mapper.encodeSnapshot(snapshot)),

    async loadTails(streams, options) {
      const tails = await inner.loadTails(streams, options);
      const stored = tails.map(({ snapshot }) => snapshot).filter((snapshot) => snapshot !== null);
      const snapshots = await mapper.decodeSnapshots(stored);
      const isCommitted = options?.transaction === undefined;
      const events = await mapper.decode(
        tails.flatMap((tail) => tail.events),
        { isCommitted },
      );
      return putTogether(tails, new Map(snapshots.map((one) => [one.stream, one])), events);
    },

    deleteSnapshots: (which) => inner.deleteSnapshots(which),
  };
}

/** All events were decoded together, so that their keys were looked up together. */
function putTogether(
  tails: readonly StreamTail[],
  snapshots: ReadonlyMap<string, Snapshot>,
  events: readonly StoredEvent[],
): readonly StreamTail[] {
  let end = 0;
  return tails.map(({ stream, events: own }) => {
    const start = end;
    end += own.length;
    return { stream, snapshot: snapshots.get(stream) ?? null, events: events.slice(start, end) };
  });
}
