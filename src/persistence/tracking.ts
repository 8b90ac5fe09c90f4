import type { Position } from './event-store.ts';

/** How far each consumer has come in the log. */
export interface Tracking<Transaction = unknown> {
  /** Where a consumer is; `null` for one that was never heard of. */
  positionOf(consumer: string): Promise<Position | null>;
  /**
   * Moves a consumer on, in the caller's transaction if one is given, so that what it wrote there and how far it came are
   * stored together.
   *
   * @throws LivefoldError `CONCURRENCY_CONFLICT` when the consumer is there already, or further: another one did this work
   */
  advance(
    consumer: string,
    position: Position,
    options?: { readonly transaction?: Transaction | undefined },
  ): Promise<void>;
}
