import type { Position } from '../persistence/event-store.ts';
import type { Lease } from './lease-store.ts';
import type { ParkedAction, WaitingEvent } from './parked-store.ts';
import type { HeldBack } from './process-fault.ts';
import type { Timer } from './process-manager.ts';

/** A process as it is kept. */
export type Process = {
  /** Undefined when none is under way. */
  readonly state: unknown;
  /** Why commands were rejected that belong to what is not committed yet, by command id. */
  readonly rejected: ReadonlyMap<string, string>;
};

/** What a batch did to one process. */
export type ProcessChange = {
  readonly key: string;
  /** The new state, `null` when the process ended; left out when it stayed as it was. */
  readonly state?: unknown;
  /** Whether a process of this key ended: the timers that it had are gone, also when another one has begun since. */
  readonly hasEnded: boolean;
  readonly schedule: readonly Timer[];
  readonly unschedule: readonly string[];
  /** The ids of rejected commands that were reacted to: with this change they will not be asked for again. */
  readonly answered: readonly string[];
};

/** A timer of a process. */
export type DueTimer = Timer & { readonly key: string };

/** A command that was rejected, and the process that sent it. */
export type RejectedCommand = {
  readonly key: string;
  readonly commandId: string;
  readonly reason: string;
};

/** What was kept back for a key and has been tried again, or had its first event left out. */
export type SettledEvents = {
  readonly key: string;
  readonly action: ParkedAction;
  readonly waiting: readonly WaitingEvent[];
};

/** What is committed at once: a page of events, some timers, or what was kept back for a key. */
export type ProcessBatch = {
  readonly after: Position;
  /** Where `after` is, for what does not move it. */
  readonly to: Position;
  readonly changes: readonly ProcessChange[];
  /** What could not be reacted to, and what stands behind it. */
  readonly keptBack: readonly HeldBack[];
  readonly settled?: SettledEvents | undefined;
  readonly lease?: Lease | undefined;
};

/** The name under which a process manager's position is kept. */
export const consumerOf = (manager: string): string => `process:${manager}`;

/** Where process managers keep their processes and timers. Whoever works under a lease changes nothing once another has it. */
export interface ProcessStore {
  position(manager: string): Promise<Position>;
  /** The processes of some keys that are under way, or that had commands rejected. */
  load(manager: string, keys: readonly string[]): Promise<ReadonlyMap<string, Process>>;
  /**
   * Stores changes and the position in one transaction; false, and nothing done, when the manager is not at `after`, or the
   * lease is another's. What timers did leaves the position where it is.
   */
  commit(manager: string, batch: ProcessBatch): Promise<boolean>;
  /**
   * The timers of these names that are due at `now`, earliest first, at most one a process, none of a parked one. It is kept that they fire between
   * the events up to `after` and the next one, until that is committed. Null when the lease is another's.
   */
  fire(
    manager: string,
    options: {
      readonly after: Position;
      readonly now: Date;
      readonly names: readonly string[];
      readonly limit: number;
      readonly lease?: Lease | undefined;
    },
  ): Promise<readonly DueTimer[] | null>;
  /** The timers that were firing behind `after` when the work was broken off. */
  firing(manager: string, after: Position): Promise<readonly DueTimer[]>;
  /** The timer of a process that fires next. */
  nextOf(manager: string, key: string, names: readonly string[]): Promise<DueTimer | undefined>;
  /** When the next timer of one of these names is due, those of parked processes left out. */
  nextDue(manager: string, names: readonly string[]): Promise<Date | null>;
  /** The names that timers have, whether or not anybody knows them. */
  timerNames(manager: string): Promise<readonly string[]>;
  /** Keeps why a command was rejected, before anything is done about it; false, and nothing done, when the lease is another's. */
  reject(manager: string, rejected: RejectedCommand, lease?: Lease): Promise<boolean>;
}
