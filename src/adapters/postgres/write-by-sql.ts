import type { KeptBack, KeyedEvents } from '../../consumption/key-events.ts';
import type { AnyProjection } from '../../consumption/projection.ts';
import type { ProjectionBatch } from '../../consumption/read-models.ts';
import { type CallOptions, callHandlers, type FailedCall } from './call-handlers.ts';
import type { Session } from './database.ts';
import { asKept, keepBack } from './keep-back.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';
import { movePosition } from './write-rows.ts';

export type SqlBatchOptions = Pick<CallOptions, 'parked'> & {
  readonly session: Session;
  readonly tables: LivefoldTables;
  /** Is shown each fault; the event is kept back unless this throws. */
  readonly judge: (fault: FailedCall['fault']) => void;
};

/**
 * Runs a batch's SQL handlers in one transaction with its position; gives what is kept back. `null`, and nothing done, when
 * the position was not where the batch begins, or the lease has changed hands. The position moves first: its row's lock keeps every other
 * runner out. In the transaction of an append all this is a savepoint.
 *
 * A batch in which a handler fails is done again with a savepoint for each call, which costs two more round trips each.
 */
export async function writeBySql(
  projection: AnyProjection,
  batch: ProjectionBatch,
  { keyed, keptBack }: KeyedEvents,
  options: SqlBatchOptions,
): Promise<readonly KeptBack[] | null> {
  const { session, tables, parked, judge } = options;
  let known: FailedCall | undefined;
  try {
    return await write({
      hasSavepoints: false,
      onFailed(failed) {
        judge(failed.fault);
        known = failed;
        throw failed.fault;
      },
    });
  } catch (error) {
    if (error !== known?.fault) throw error;
    return write({ hasSavepoints: true, known, onFailed: ({ fault }) => judge(fault) });
  }

  async function write(
    how: Pick<CallOptions, 'hasSavepoints' | 'onFailed' | 'known'>,
  ): Promise<readonly KeptBack[] | null> {
    return session.transaction(async (transaction) => {
      if (!(await movePosition(transaction, tables, projection, batch))) return null;
      const called = await callHandlers(transaction, projection, keyed, { ...how, tables, parked });
      const all = [...keptBack, ...called.keptBack];
      if (all.length > 0)
        await run(transaction, keepBack(tables, projection.name, asKept(all)), () => undefined);
      return all;
    });
  }
}
