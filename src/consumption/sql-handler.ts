import type { PgDatabase, PgTable } from 'drizzle-orm/pg-core';
import type { PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import type { StoredEvent } from '../domain/event.ts';
import { sleep } from '../kernel/async.ts';
import type { Position } from '../persistence/event-store.ts';

/** The transaction of a batch, in Drizzle. It ends with the batch: what a handler asks of it later is refused. */
export type SqlTransaction = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>;

/** Tables by the names under which handlers get them. */
export type TableMap = Readonly<Record<string, PgTable>>;

/** What a handler is called for, and where it writes. */
export type SqlTarget<Table extends PgTable, Tables extends TableMap> = {
  readonly key: string;
  /** The projection's own table, and the further ones: others of their form while it is rebuilt. */
  readonly table: Table;
  readonly tables: Tables;
  /** The position that rows of the projection's own table get: the event's, or a later one where it was kept back. */
  readonly position: Position;
};

/** The keys whose rows a handler deleted from the projection's own table: clients that hold them hear of it. */
export type SqlOutcome = { readonly removed: readonly string[] };

/**
 * Writes by hand what an event does to one key. Whatever it needs to know it reads through the transaction, so that it does
 * the same when the batch is done again.
 */
export type SqlWork<Table extends PgTable, Tables extends TableMap, Event extends StoredEvent> = (
  transaction: SqlTransaction,
  event: Event,
  target: SqlTarget<Table, Tables>,
) => Promise<SqlOutcome | undefined>;

/** Waits for work no longer than so many milliseconds; `undefined` when it has not ended by then. What it comes to later is dropped. */
export async function endedWithin<Result>(
  work: Promise<Result>,
  timeout: number,
): Promise<{ readonly result: Result } | undefined> {
  const settled = new AbortController();
  const late = sleep(timeout, settled.signal).then(() => undefined);
  try {
    return await Promise.race([work.then((result) => ({ result })), late]);
  } finally {
    settled.abort();
  }
}
