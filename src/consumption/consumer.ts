import type { Census, Lease, Unit, UnitState } from './lease-store.ts';

/** A unit that this process may work on. */
export type HeldUnit = {
  readonly unit: Unit;
  readonly lease: Lease;
  /** Whether other processes are up, who want to hear how far it is. */
  hasCompany(): boolean;
  /** Has it looked after whether the lease still is this process's: a commit was refused. */
  doubt(): void;
};

/** Something that follows the log and is spread over the processes that are up. */
export interface Consumer {
  /** The name under which its position is kept. */
  readonly name: string;
  /** Over how many shards it is to be spread. */
  readonly shards: number;
  /** Set where others do the work: it is looked at with each beat, and leased by nobody. */
  readonly isOnlyWatched?: boolean;
  /** How a unit that this process works on is doing; undefined for any other. */
  stateOf(unit: string): UnitState | undefined;
  /** Works on a unit until the signal aborts. */
  work(held: HeldUnit, signal: AbortSignal): Promise<void>;
  /** Brings shards that stand at different positions to the furthest of them, before they are cut anew. */
  level(held: readonly HeldUnit[], signal: AbortSignal): Promise<void>;
  /** Sees who is up and where all units are. */
  look(census: Census): void;
  /** Hears that some process has moved a unit on. */
  hear(unit: string, position: number): void;
  /** Hears that something about its parked keys is to be looked at, and whether rows of theirs have changed. */
  hearParked(hasChanged: boolean): void;
}
