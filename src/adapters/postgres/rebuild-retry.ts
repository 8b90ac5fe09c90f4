import { sleep } from '../../kernel/async.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { databaseCode } from './translate-error.ts';

/**
 * lock_not_available, deadlock_detected: https://www.postgresql.org/docs/current/errcodes-appendix.html; and in_failed_sql_transaction, when
 * the database refuses a row of a shard that is levelled meanwhile: whoever works on that shard parks it.
 */
const inTheWay: ReadonlySet<string> = new Set(['55P03', '40P01', '25P02']);

const mostTries = 20;
/** Milliseconds between two tries, in which those who wait behind us get their turn. */
const pause = 250;

/**
 * Tries a transaction again whose locks others hold.
 *
 * @throws LivefoldError `REBUILD_BLOCKED` when they do not let go
 */
export async function whileOthersHoldIt<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!inTheWay.has(databaseCode(error) ?? '')) throw error;
      if (tries === mostTries)
        throw new LivefoldError(
          'REBUILD_BLOCKED',
          `A transaction holds the table of the projection "${name}", so that it cannot be exchanged: let it end (pg_stat_activity shows which it is), then run this again. What was built is kept.`,
          { cause: error, fields: { projection: name } },
        );
      await sleep(pause);
    }
  }
}
