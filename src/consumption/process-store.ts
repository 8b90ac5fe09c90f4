import type { Position } from '../persistence/event-store.ts';
import type { Lease } from './lease-store.ts';
import type { Timer } from './process-manager.ts';

/** What a batch did to one process. */
export type ProcessChange = {
  readonly key: string;
  /** The new state, `null` when the process ended; left out when it stayed as it was. */
  readonly state?: unknown;
  readonly schedule: readonly Timer[];
  readonly unschedule: readonly string[];
};

/** A timer that is due. */
export type DueTimer = Timer & {
  readonly key: string /** Of the event that set it. */;
  readonly position: Position;
};

/** The name under which a process manager's position is kept. */
export const consumerOf = (manager: string): string => `process:${manager}`;

/** Where process managers keep their processes and timers. Whoever works under a lease changes nothing once another has it. */
export interface ProcessStore {
  position(manager: string): Promise<Position>;
  /** The states of the processes under way, by key. */
  load(manager: string, keys: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /**
   * Stores changes and the position in one transaction; false, and nothing done, when the manager is not at `after`, or the
   * lease is another's.
   */
  commit(
    manager: string,
    batch: {
      readonly after: Position;
      readonly to: Position;
      readonly changes: readonly ProcessChange[];
      readonly lease?: Lease | undefined;
    },
  ): Promise<boolean>;
  /** The timers due at `now`, earliest first. */
  due(manager: string, now: Date, limit: number): Promise<readonly DueTimer[]>;
  /** Takes a timer that has been seen to, with what it changed; false when another process has done so. */
  settle(manager: string, timer: DueTimer, change: ProcessChange, lease?: Lease): Promise<boolean>;
  /** When the next timer is due. */
  nextDue(manager: string): Promise<Date | null>;
}
