import type { Connection } from './connection.ts';
import { retryWhileBusy } from './retry-while-busy.ts';
import { translateSqliteError } from './sqlite-error.ts';

export type WriteLockOptions = {
  readonly path: string;
  /** Most milliseconds that it is waited for. */
  readonly timeout: number;
};

/** The one lock of the file, which a transaction that writes takes when it begins: all that commit do so one after another. */
export class WriteLock {
  readonly #connection: Connection;
  readonly #options: WriteLockOptions;

  constructor(connection: Connection, options: WriteLockOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async begin(): Promise<void> {
    try {
      await retryWhileBusy(this.#options.timeout, () => this.#connection.run('begin immediate'));
    } catch (error) {
      throw translateSqliteError(error, this.#options.path, 'to be locked for writing');
    }
  }

  commit(): void {
    this.#connection.run('commit');
  }

  /** Ends a transaction that was not committed, if there is one. */
  release(): void {
    try {
      if (this.#connection.isInTransaction) this.#connection.run('rollback');
    } catch {
      // The error that led here is the one to tell; if the transaction is still there, the next one cannot begin and says so.
    }
  }
}
