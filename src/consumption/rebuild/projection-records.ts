import type { Position } from '../../persistence/event-store.ts';
import type { UnitState } from '../lease-store.ts';
import type { AnyProjection } from '../projection.ts';

/** What the database knows of a projection, or of a table that a rebuild builds or has kept. */
export type ProjectionRecord = {
  readonly name: string;
  /** All of its shards have come there. */
  readonly position: Position;
  /** The fingerprint of the definition that the rows were folded with; null where none was kept. */
  readonly definition: string | null;
  /** Why it stands still until it is rebuilt. */
  readonly fault: string | null;
  /** Where the log ended when it was shorter than what had been folded. */
  readonly beyond: Position | null;
  /** How many keys are parked. */
  readonly parked: number;
  /** Itself, or its shards: the process that works on each, if that is up, and what that says of it. */
  readonly units: readonly { readonly owner: string | null; readonly state: UnitState | null }[];
};

export type KnownProjections = {
  /** The log's last position. */
  readonly head: Position;
  readonly records: readonly ProjectionRecord[];
};

/** What is kept about projections, beside what they make. */
export interface ProjectionRecords {
  /** Those of the names given, and all others that were ever begun: also under names that no definition has any more. */
  list(names: readonly string[]): Promise<KnownProjections>;
  /**
   * Makes room for a projection that is new, at position 0. If its table has rows already it stands still: they are of a
   * projection of another name, or of another log. One that is known is left as it is, but for a definition that was never kept.
   */
  begin(projection: AnyProjection): Promise<void>;
  /** Whether its tables are there. */
  hasTables(projection: AnyProjection): Promise<boolean>;
  /**
   * Gives what is kept under one name to another.
   *
   * @throws LivefoldError `UNKNOWN_PROJECTION`, `PROJECTION_IN_USE`
   */
  rename(from: string, to: string): Promise<void>;
  /** Deletes what is kept about a projection. @throws LivefoldError `UNKNOWN_PROJECTION`, `PROJECTION_IN_USE` */
  remove(name: string): Promise<void>;
}
