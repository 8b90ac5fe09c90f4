import type { DatabaseSync } from 'node:sqlite';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Connection } from './connection.ts';

/** A transaction of the caller's: rows of its own, written through `database`, are stored together with its events. */
export class SqliteTransaction {
  readonly #connection: Connection;
  #isOver = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The connection that the transaction is open on. Leave its beginning and its end to Livefold. */
  get database(): DatabaseSync {
    return this.checkOpen().database;
  }

  /** Does all of some work, or nothing of it, and leaves the transaction usable either way. */
  attempt<Result>(work: (connection: Connection) => Result): Result {
    const connection = this.checkOpen();
    connection.run('savepoint attempt');
    try {
      return work(connection);
    } catch (error) {
      if (connection.isInTransaction) connection.run('rollback to attempt');
      throw error;
    } finally {
      if (connection.isInTransaction) connection.run('release attempt');
    }
  }

  /** The connection, unless the transaction has ended. @throws LivefoldError `TRANSACTION_OVER` */
  checkOpen(): Connection {
    // SQLite itself ends a transaction that meets a full disk; what came next would be stored alone.
    if (this.#isOver || !this.#connection.isInTransaction)
      throw new LivefoldError(
        'TRANSACTION_OVER',
        'The transaction is over: await everything in it before its work ends, and let its errors end it.',
      );
    return this.#connection;
  }

  end(): void {
    this.#isOver = true;
  }
}
