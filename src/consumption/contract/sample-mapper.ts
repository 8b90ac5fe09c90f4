import { createMappedEventStore } from '../../persistence/mapper/mapped-event-store.ts';
import { createMappedSnapshotStore } from '../../persistence/mapper/mapped-snapshot-store.ts';
import type { Mapper, MapperOptions } from '../../persistence/mapper/mapper.ts';
import { createMasterKey, type MasterKeys, parseMasterKeys } from '../../persistence/mapper/master-keys.ts';
import type { Persistence } from '../../persistence/persistence.ts';

/** The master key of all that has no other one. */
export const currentKeys: MasterKeys = parseMasterKeys(createMasterKey('current'));

/** Where a mapper finds its keys. */
export function keysOf(
  { keys }: Persistence,
  masterKeys = currentKeys,
): Required<Pick<MapperOptions, 'keys'>> {
  return { keys: { store: keys, masterKeys } };
}

/** The stores of a persistence behind a mapper. */
export function openMapped({ events, snapshots }: Persistence, mapper: Mapper) {
  return {
    events: createMappedEventStore(events, mapper),
    snapshots: createMappedSnapshotStore(snapshots, mapper),
  };
}
