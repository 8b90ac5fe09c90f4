import { createMappedEventStore } from '../../src/persistence/mapper/mapped-event-store.ts';
import { createMappedSnapshotStore } from '../../src/persistence/mapper/mapped-snapshot-store.ts';
import { createMapper } from '../../src/persistence/mapper/mapper.ts';
import { createMasterKey, parseMasterKeys } from '../../src/persistence/mapper/master-keys.ts';
import type { Persistence } from '../../src/persistence/persistence.ts';

const masterKeys = parseMasterKeys(createMasterKey('test'));

/** An engine's stores with a mapper before them, as an application has them. */
export function mapped<Transaction>(persistence: Persistence<Transaction>): Persistence<Transaction> {
  const mapper = createMapper({ keys: { store: persistence.keys, masterKeys } });
  return {
    ...persistence,
    events: createMappedEventStore(persistence.events, mapper),
    snapshots: createMappedSnapshotStore(persistence.snapshots, mapper),
  };
}
