import type postgres from 'postgres';
import { nextTurn } from '../../kernel/async.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { cancelOnAbort } from './cancel-queries.ts';
import { isUnavailable } from './translate-error.ts';

type Transaction = postgres.TransactionSql;
type Work = (transaction: Transaction) => unknown;
type Query = ReturnType<Transaction['unsafe']>;

/** What is known of a transaction, its savepoints included. */
type State = {
  /** Whether a query failed: perhaps because the connection was lost. */
  hasFailed: boolean;
  /** Whether nothing may follow in this transaction. */
  isOver: boolean;
  /** Whether `begin` has settled while work was under way: the connection was lost. */
  isLost: boolean;
  /** Queries without an answer. */
  readonly open: Set<Query>;
};

/** A transaction or one of its savepoints. It is over when its work has ended, or that of what it is part of. */
type Scope = { hasEnded: boolean; readonly outer?: Scope };

/**
 * Makes a transaction whose connection is lost end with an error. postgres.js 3.4.9 sends its `rollback` down the lost
 * connection, which throws outside of any promise and ends the process (porsager/postgres issues 1154 and 1208), or runs
 * what comes next on a new connection, outside of the transaction (pull request 1155).
 */
export function guardTransactions(client: postgres.Sql): postgres.Sql {
  const begin = client.begin.bind(client) as (options: string, work: Work) => Promise<unknown>;
  const guarded = async (...given: readonly [Work] | readonly [string, Work]): Promise<unknown> => {
    const [options, work] = given.length === 1 ? ['', given[0]] : given;
    const state: State = { hasFailed: false, isOver: false, isLost: false, open: new Set() };
    try {
      return await begin(options, (transaction) => runGuarded(transaction, work, state));
    } finally {
      state.isOver = true;
      state.isLost = true;
      // Those that wait for their turn in the transaction: the driver forgets them with the connection (issue 1186).
      for (const query of state.open) query.cancel();
    }
  };
  return Object.assign(client, { begin: guarded });
}

/**
 * What is lost never settles here: postgres.js then sends neither commit nor rollback, and `begin` rejects by itself. That it
 * has is what tells a lost connection from any other failure, another server's for example, after which this one is waiting
 * for its rollback. A driver socket reports error and close together, so one turn after a query failed it is known.
 */
async function runGuarded(
  transaction: Transaction,
  work: Work,
  state: State,
  outer?: Scope,
): Promise<unknown> {
  const scope: Scope = { hasEnded: false, ...(outer && { outer }) };
  guardQueries(transaction, state, scope);
  guardSavepoints(transaction, state, scope);
  try {
    const result = await endWith(scope, () => work(transaction));
    if (state.hasFailed) await nextTurn();
    return state.isLost ? await never() : result;
  } catch (error) {
    await nextTurn();
    if (state.isLost) return await never();
    throw error;
  }
}

/** Whatever the work has left running comes too late from here on: the commit or rollback goes out, and it would run behind it. */
async function endWith(scope: Scope, work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } finally {
    scope.hasEnded = true;
  }
}

function guardQueries(transaction: Transaction, state: State, scope: Scope): void {
  const unsafe = transaction.unsafe.bind(transaction);
  const guarded = (...given: Parameters<typeof unsafe>): Query => {
    if (isOver(scope)) throw transactionOver();
    if (state.isOver)
      throw new LivefoldError('DATABASE_UNAVAILABLE', 'The transaction is over: its connection was lost.');
    const query = unsafe(...given);
    state.open.add(query);
    cancelOnAbort(query);
    query.then(
      () => state.open.delete(query),
      (error: unknown) => {
        state.open.delete(query);
        state.hasFailed = true;
        // At once: whoever catches this error may send the next query before `begin` has rejected.
        if (isUnavailable(error)) state.isOver = true;
      },
    );
    return query;
  };
  Object.assign(transaction, { unsafe: guarded });
}

/** A savepoint's queries go through a handle of its own, and its `rollback to` down the same connection. */
function guardSavepoints(transaction: Transaction, state: State, scope: Scope): void {
  const savepoint = transaction.savepoint.bind(transaction) as (name: string, work: Work) => Promise<unknown>;
  const guarded = (...given: readonly [Work] | readonly [string, Work]): Promise<unknown> => {
    if (isOver(scope)) throw transactionOver();
    const [name, work] = given.length === 1 ? ['', given[0]] : given;
    return savepoint(name, (inner) => runGuarded(inner, work, state, scope));
  };
  Object.assign(transaction, { savepoint: guarded });
}

function isOver({ hasEnded, outer }: Scope): boolean {
  return hasEnded || (outer !== undefined && isOver(outer));
}

function transactionOver(): LivefoldError {
  return new LivefoldError('TRANSACTION_OVER', 'The transaction is over: what it was for has ended.');
}

function never(): Promise<never> {
  return new Promise(() => {});
}
