import type postgres from 'postgres';
import { LivefoldError } from '../../kernel/errors.ts';
import { isUnavailable } from './translate-error.ts';

type Work = (transaction: postgres.TransactionSql) => unknown;

/**
 * Makes a transaction whose connection is lost end with an error. postgres.js 3.4.9 sends its `rollback` down the lost
 * connection, which throws outside of any promise and ends the process (porsager/postgres issues 1154 and 1208), or runs
 * what comes next on a new connection, outside of the transaction (pull request 1155).
 */
export function guardTransactions(client: postgres.Sql): postgres.Sql {
  const begin = client.begin.bind(client) as (options: string, work: Work) => Promise<unknown>;
  const guarded = async (...given: readonly [Work] | readonly [string, Work]): Promise<unknown> => {
    const [options, work] = given.length === 1 ? ['', given[0]] : given;
    const connection = { isLost: false };
    try {
      return await begin(options, (transaction) => runGuarded(transaction, work, connection));
    } finally {
      // Over for whatever reason: nothing may follow in this transaction.
      connection.isLost = true;
    }
  };
  return Object.assign(client, { begin: guarded });
}

/** What is lost never settles here: postgres.js then sends neither commit nor rollback, and `begin` rejects by itself. */
async function runGuarded(
  transaction: postgres.TransactionSql,
  work: Work,
  connection: { isLost: boolean },
): Promise<unknown> {
  refuseWhenLost(transaction, connection);
  try {
    const result = await work(transaction);
    return connection.isLost ? await never() : result;
  } catch (error) {
    if (connection.isLost || isUnavailable(error)) return await never();
    throw error;
  }
}

function refuseWhenLost(
  transaction: postgres.TransactionSql,
  connection: { readonly isLost: boolean },
): void {
  const unsafe = transaction.unsafe.bind(transaction);
  const guarded: typeof unsafe = (...query) => {
    if (connection.isLost)
      throw new LivefoldError('DATABASE_UNAVAILABLE', 'The transaction is over: its connection was lost.');
    return unsafe(...query);
  };
  Object.assign(transaction, { unsafe: guarded });
}

function never(): Promise<never> {
  return new Promise(() => {});
}
