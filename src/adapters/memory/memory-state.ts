import type { Position } from '../../persistence/event-store.ts';
import type { StoredCommand } from '../../persistence/log-archive.ts';
import type { Snapshot } from '../../persistence/snapshot-store.ts';
import { MemoryKeys } from './memory-keys.ts';
import { MemoryLog } from './memory-log.ts';

/** All that is committed. */
export type MemoryState = {
  readonly log: MemoryLog;
  readonly keys: MemoryKeys;
  readonly commands: Map<string, StoredCommand>;
  readonly tracking: Map<string, Position>;
  readonly snapshots: Map<string, Snapshot>;
};

export function createMemoryState(): MemoryState {
  return {
    log: new MemoryLog(),
    keys: new MemoryKeys(),
    commands: new Map(),
    tracking: new Map(),
    snapshots: new Map(),
  };
}
