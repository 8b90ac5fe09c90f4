import type { PreparedEvent, StoredEvent } from '../domain/event.ts';
import type { Query } from '../domain/query.ts';

/** A place in the log: 0 is before the first event. Dense and in commit order; safe as a number up to 2^53 − 1. */
export type Position = number;

/** What a stream must look like for an append to hold: its exact version (0 = empty), no events yet, or some. */
export type ExpectedVersion = number | 'noStream' | 'streamExists';

/** One atomic append: its events are all stored or none is. */
export type AppendItem = {
  /** Their data is a JSON value, or bytes (`Uint8Array`) that a mapper made; what it is comes back. */
  readonly events: readonly PreparedEvent[];
  /** What each named stream must look like; a stream that is not named may have any version. */
  readonly expected?: readonly { readonly stream: string; readonly version: ExpectedVersion }[];
  /** No event after position `after` may match `query`. */
  readonly condition?: { readonly query: Query; readonly after: Position };
  /** Makes the append happen once: the same id and fingerprint again gives the first receipt back. */
  readonly command?: { readonly id: string; readonly fingerprint: string };
  /** Subjects whose keys are destroyed together with the append; they never get one again. See `KeyStore`. */
  readonly forget?: readonly string[];
};

export type AppendOptions<Transaction = unknown> = {
  /** Joins a transaction of the caller's. */
  readonly transaction?: Transaction | undefined;
  /**
   * Says that nobody waits any more. What is not committed by then may be dropped, with `ABORTED`; a store may just as well
   * go on.
   */
  readonly signal?: AbortSignal | undefined;
};

/** What an append gives back once it is durable: where its last event stands. */
export type Receipt = {
  readonly position: Position;
  readonly stream: string;
  readonly version: number;
  readonly eventIds: readonly string[];
  /** Whether this command id was stored before, so that nothing was stored now. */
  readonly duplicate: boolean;
};

export type ReadOptions<Transaction = unknown> = {
  /** Only events behind this position (exclusive). */
  readonly after?: Position;
  /** Only events before this position (exclusive). */
  readonly before?: Position;
  /** Only events recorded at or before this time. */
  readonly asOf?: Date;
  readonly limit?: number;
  /** Newest first. */
  readonly backwards?: boolean;
  /** Says that nobody waits any more: a store may end with `ABORTED`, or go on. */
  readonly signal?: AbortSignal | undefined;
  /** Reads within a transaction of the caller's, and so what it appended itself. */
  readonly transaction?: Transaction | undefined;
};

/**
 * The log. Positions are dense, become visible in commit order, and hold for every way to append.
 * `Transaction` is the adapter's own kind of transaction, for a caller that wants its writes and its events in one.
 */
export interface EventStore<Transaction = unknown> {
  /**
   * Stores one item, or joins the caller's transaction. Concurrent calls share round trips, each judged alone.
   *
   * @throws LivefoldError `CONCURRENCY_CONFLICT` an expected version or condition does not hold, or an event id exists
   * @throws LivefoldError `COMMAND_ID_REUSED` the command id was used with another fingerprint
   * @throws LivefoldError `INVALID_APPEND` a stream id, a type or a value that no store can keep
   * @throws LivefoldError `STORE_READ_ONLY`, `STORE_FULL` nothing can be written at all
   */
  append(item: AppendItem, options?: AppendOptions<Transaction>): Promise<Receipt>;
  /** The first receipt of a command, `null` for one that was never stored. @throws LivefoldError `COMMAND_ID_REUSED` */
  receiptOf(
    command: { readonly id: string; readonly fingerprint: string },
    options?: Pick<ReadOptions<Transaction>, 'transaction' | 'signal'>,
  ): Promise<Receipt | null>;
  /** The events that match, in log order, streamed. */
  read(query: Query, options?: ReadOptions<Transaction>): AsyncIterable<StoredEvent>;
  /** The position of the last event; 0 for an empty log. */
  head(): Promise<Position>;
}
