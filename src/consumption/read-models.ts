import type { StoredEvent } from '../domain/event.ts';
import type { Position } from '../persistence/event-store.ts';
import type { Filter } from './filter.ts';
import type { RowChange } from './fold-rows.ts';
import type { KeptBack } from './key-events.ts';
import type { Lease } from './lease-store.ts';
import type { ParkedKeys } from './parked-keys.ts';
import type { ParkedAction, ParkedStore, WaitingEvent } from './parked-store.ts';
import type { AnyProjection, AnyRow, StoredRow } from './projection.ts';

/** A batch for a projection, or for one shard of it: the events behind `after`, the last of them at `to`. */
export type ProjectionBatch = {
  readonly after: Position;
  readonly to: Position;
  readonly events: readonly StoredEvent[];
  /** Whoever works under a lease commits nothing once another has it. */
  readonly lease?: Lease | undefined;
  /** Tells the other processes how far this takes it, in the same transaction. */
  readonly isNews?: boolean;
  /**
   * The keys whose events are kept back; those that this batch parks are added once it is committed. Without it nothing is parked: an event
   * that cannot be folded fails the batch.
   */
  readonly parked?: ParkedKeys | undefined;
};

/** What is to be done about a parked key. */
export type ParkedWork = {
  readonly key: string;
  readonly action: ParkedAction;
  /** The first events that are kept back for it. */
  readonly waiting: readonly WaitingEvent[];
  /** Those events, without the first where that is to be skipped. */
  readonly events: readonly StoredEvent[];
  readonly parked: ParkedKeys;
  readonly lease: Lease | undefined;
};

export type SettledKey = {
  readonly hasChanged: boolean;
  /** What could not be folded, for whichever key, and what stands behind it. */
  readonly keptBack: readonly KeptBack[];
};

/** A field to order rows by; the key settles ties. */
export type OrderBy = { readonly field: string; readonly descending: boolean };

/** Which rows to read: those that pass the filter, in an order, behind or before one given by its order value and key. */
export type RowQuery = {
  readonly filter?: Filter | null | undefined;
  readonly orderBy?: OrderBy | undefined;
  readonly after?: RowCursor | undefined;
  readonly before?: RowCursor | undefined;
  readonly limit: number;
  readonly backwards?: boolean;
  /** Has texts in the order of their code points, whatever collation their columns have. */
  readonly isByCodePoint?: boolean;
  /** Ends the reading, at the database too. */
  readonly signal?: AbortSignal;
};

/** Where a row stands in an order: the value of the field ordered by, as text, and its key. */
export type RowCursor = { readonly value: string | null; readonly key: string };

/** Which rows a snapshot has: the first of those that pass the filter, by key. */
export type SnapshotQuery = Pick<RowQuery, 'filter' | 'limit' | 'signal'>;

/** Rows as they all are at one position. */
export type Snapshot<Row> = { readonly position: Position; readonly rows: readonly Row[] };

/** All rows that changed behind a position, as they are now; `null` when that is no longer known or too much. */
export type ChangesSince = {
  readonly position: Position;
  readonly upserted: readonly AnyRow[];
  readonly removed: readonly string[];
};

/** Where a projection stands, or a shard of it, and what keeps it from going on. */
export type Place = {
  readonly position: Position;
  /** Who resumes from before it gets everything anew. */
  readonly horizon: Position;
  /** Rises when the table is exchanged for another. */
  readonly token: number;
  /** Where the log ended when it was found to be shorter than the position. */
  readonly beyond: Position | null;
  /** What was found wrong with the table. */
  readonly fault: string | null;
};

/** The read tables: what projections write and queries read. Rows carry their `position`. */
export interface ReadModels {
  /** How far a projection has come, or a shard of it: 0 for a new one. All of its shards have come there. */
  position(projection: AnyProjection): Promise<Position>;
  /** Behind which position a projection began; 0 for one from the log's beginning, or not begun. */
  start(projection: AnyProjection): Promise<Position>;
  /** The same, with all that is to be known before going on from there. */
  place(projection: AnyProjection): Promise<Place>;
  /** Keeps it from going on, wherever it runs, until it is rebuilt: its table is not what it has folded. */
  halt(projection: AnyProjection, fault: string): Promise<void>;
  /**
   * Folds a batch into the projection's table, rows and position in one transaction. `null`, and nothing done, when the
   * projection does not stand at `after`, or when the lease is another's: another process has been there. What SQL handlers
   * changed is `unknown`: the table has it.
   *
   * @throws LivefoldError `READ_TABLE_MISSING`
   */
  apply(projection: AnyProjection, batch: ProjectionBatch): Promise<readonly RowChange[] | 'unknown' | null>;
  /**
   * Folds the first events that are kept back for a key, as far as it goes, with the first one left out where the action is `skip`. `null`, and nothing
   * done, when the lease is another's. The rows get the position behind the projection's: so whoever resumes from where it stands is told of them.
   */
  settle(projection: AnyProjection, work: ParkedWork): Promise<SettledKey | null>;
  /** What is kept back. */
  readonly parked: ParkedStore;
  rows<P extends AnyProjection>(projection: P, query: RowQuery): Promise<readonly StoredRow<P>[]>;
  /** The same with the position at which they are so, in whichever process it is asked. */
  snapshot<P extends AnyProjection>(projection: P, query: SnapshotQuery): Promise<Snapshot<StoredRow<P>>>;
  /** Rows by key, in no order; keys without a row are left out. */
  find<P extends AnyProjection>(
    projection: P,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly StoredRow<P>[]>;
  /** Rows as the table would give them back if they were stored: in the form that its columns keep. */
  asKept(
    projection: AnyProjection,
    rows: readonly AnyRow[],
    signal?: AbortSignal,
  ): Promise<readonly AnyRow[]>;
  /** `horizon` is the one under which the caller read what it has: only a later one makes that worthless. */
  changesSince(
    projection: AnyProjection,
    after: Position,
    options: {
      readonly limit: number;
      readonly horizon?: Position;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<ChangesSince | null>;
}
