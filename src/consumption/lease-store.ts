import type { Position } from '../persistence/event-store.ts';
import type { Shard } from './shards.ts';

/**
 * The right to work on a unit. It ends with the owner's lease, and for good when the unit's token has risen. Nobody is the
 * owner where nobody leases: then the token alone tells that the table is another one now.
 */
export type Lease = { readonly owner: string | null; readonly token: number };

export type UnitStatus = 'CATCHING_UP' | 'LIVE' | 'RETRYING' | 'STOPPED';

/** How a unit is doing, as its owner says. */
export type UnitState = { readonly status: UnitStatus; readonly lastError: string | null };

/** A process that is up. */
export type Member = {
  readonly id: string;
  /** Its host and process id, for people. */
  readonly name: string;
  /** The consumers that it can run, each with the number of shards that it is to be spread over. */
  readonly consumers: Readonly<Record<string, number>>;
  /** By unit: how those that it works on are doing. */
  readonly states: Readonly<Record<string, UnitState>>;
};

/** A consumer that has one shard, or one shard of several: what one process at a time works on. */
export type Unit = {
  /** Its name: the consumer's, or `consumer#0/4` and so on. */
  readonly name: string;
  readonly consumer: string;
  readonly shard: Shard;
  readonly position: Position;
  /** The id of the member that works on it, if that is up. */
  readonly owner: string | null;
  readonly token: number;
  /** Where the log ended when it was found to be shorter than the unit's position: the unit was folded from another log. */
  readonly beyond: Position | null;
  /** Who resumes from before it gets everything anew. It is that of all shards. */
  readonly horizon: Position;
  /** What was found wrong with the table, for as long as only a rebuild mends it. */
  readonly fault: string | null;
  /** The fingerprint of the definition that the rows were folded with. */
  readonly definition: string | null;
};

/** Who is up and who works on what, as of one moment. */
export type Census = {
  readonly members: readonly Member[];
  /** Those of the consumers that any member can run, so that all who reckon who is to do what know the same; and those asked for. */
  readonly units: readonly Unit[];
  /** The log's last position. */
  readonly head: Position;
  /** Milliseconds until the first lease of another member runs out unless that member renews it; null when there is none. */
  readonly nextEnd: number | null;
};

/**
 * Where members say that they are up, and lease units. No function leaves anything behind on the connection that it used, so
 * that each may use another. Time is the database's alone.
 */
export interface LeaseStore {
  /** Makes units for consumers that nobody has run so far, at position 0. */
  arrange(consumers: Readonly<Record<string, number>>): Promise<void>;
  /** Says that a member is up, which renews its leases, and looks around; also for consumers that it cannot run itself. */
  beat(member: Member, consumers: readonly string[]): Promise<Census>;
  /** Takes those of some units that nobody up works on; the answer has the token of each. */
  take(member: string, units: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Gives a unit up, if the lease still is what it was. */
  release(unit: string, lease: Lease): Promise<void>;
  /** Gives everything up and is no member any more. */
  leave(member: string): Promise<void>;
  /**
   * Spreads a consumer over another number of shards. False, and nothing done, unless the member has the leases of all its
   * shards and they stand at one position: only then does each new shard know what its keys have seen.
   */
  reshape(member: string, consumer: string, shards: number): Promise<boolean>;
}
