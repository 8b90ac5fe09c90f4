import type { Position } from '../../persistence/event-store.ts';
import type { Lease } from '../lease-store.ts';
import type { AnyProjection } from '../projection.ts';
import type { ReadModels } from '../read-models.ts';

/** How the rows of a new table are to those of the one that serves. Their positions do not count. */
export type Comparison = {
  readonly equal: number;
  readonly different: number;
  readonly onlyOld: number;
  readonly onlyNew: number;
  /** Some keys, each with what is the matter with it. */
  readonly examples: readonly { readonly key: string; readonly is: 'different' | 'onlyOld' | 'onlyNew' }[];
};

/** Tables that are being built beside those that serve. */
export type Shadow = {
  readonly projection: AnyProjection;
  readonly position: Position;
  /** `resumed` after a rebuild that was stopped; `anew` where what that had built was of another definition. */
  readonly start: 'new' | 'resumed' | 'anew';
};

export type Outcome = {
  /** Null where the old table could not be compared: it is not there as it was, or ahead of the log. */
  readonly comparison: Comparison | null;
  readonly isExchanged: boolean;
  /** Where the projection stands now. */
  readonly position: Position;
};

export type FoldOnOptions = {
  readonly models: ReadModels;
  readonly lease: Lease;
  /** From where to where. */
  readonly after: Position;
  readonly to: Position;
};

/** Tables beside those that serve, and their exchange. */
export interface Rebuilds {
  /**
   * The shadow of a projection's table: what an earlier rebuild has left unfinished, if it is of this definition; else an
   * empty one.
   *
   * @throws LivefoldError `REBUILD_REFUSED`
   */
  begin(projection: AnyProjection, lease: Lease): Promise<Shadow>;
  /** Adds the indexes that the shadow was filled without. */
  complete(projection: AnyProjection): Promise<void>;
  /** Up to where the shadow is to be folded: where the projection stands, if that is a place of this log. */
  target(projection: AnyProjection): Promise<Position>;
  /**
   * Puts the shadow in the table's place, in one transaction in which the projection stands still, and keeps the old table.
   * A shadow with the same rows is dropped instead, unless forced. `catchUp` folds it up to a position, while this waits.
   *
   * @throws LivefoldError `REBUILD_BLOCKED` when others hold the table too long
   */
  exchange(
    projection: AnyProjection,
    options: {
      readonly lease: Lease;
      readonly isForced: boolean;
      readonly catchUp: (target: Position) => Promise<void>;
      /** Folds the projection, or a shard of it, with these read models. */
      readonly foldOn: (unit: AnyProjection, options: FoldOnOptions) => Promise<void>;
    },
  ): Promise<Outcome>;
  /**
   * Puts the table that a rebuild replaced back in its place, and keeps the other; the answer is where the projection stands
   * with it, from where it catches up.
   *
   * @throws LivefoldError `NOTHING_TO_ROLL_BACK`, `REBUILD_REFUSED`, `REBUILD_UNDER_WAY`, `REBUILD_BLOCKED`
   */
  rollBack(projection: AnyProjection): Promise<Position>;
  /**
   * Drops what rebuilds have left: the table that was replaced, and one that is not finished. Which there were.
   *
   * @throws LivefoldError `REBUILD_UNDER_WAY`
   */
  discard(projection: AnyProjection): Promise<{ readonly old: boolean; readonly unfinished: boolean }>;
  /** Forgets a rebuild that is over. */
  close(projection: AnyProjection): Promise<void>;
}
