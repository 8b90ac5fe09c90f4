import type { Connection } from './connection.ts';
import type { Connections } from './open-connections.ts';
import { translateSqliteError } from './sqlite-error.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { SqliteWriter } from './sqlite-writer.ts';

type Options = { readonly transaction?: SqliteTransaction | undefined; readonly events?: number };

/** The open file: where reads and writes go, and SQLite's errors become ours. `doing` ends the sentence "The file … failed". */
export class SqliteFile {
  readonly writer: SqliteWriter;
  readonly #path: string;
  readonly #reader: Connection;
  readonly #closing = new AbortController();

  constructor(path: string, { writer, reader }: Connections, timeout: number) {
    this.#path = path;
    this.writer = new SqliteWriter(writer, { path, timeout });
    this.#reader = reader;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Reads what is committed, or within the caller's transaction. */
  read<Result>(
    doing: string,
    work: (connection: Connection) => Result,
    { transaction }: Options = {},
  ): Result {
    if (this.closing.aborted) throw this.writer.closedError();
    try {
      return work(transaction?.checkOpen() ?? this.#reader);
    } catch (error) {
      throw translateSqliteError(error, this.#path, doing);
    }
  }

  /** Writes in a transaction that is shared with others, or in the caller's. See `SqliteWriter.write` for what `work` may throw. */
  async write<Result>(
    doing: string,
    work: (connection: Connection) => Result,
    { transaction, events }: Options = {},
  ): Promise<Result> {
    try {
      return transaction === undefined ? await this.writer.write(work, events) : transaction.attempt(work);
    } catch (error) {
      throw translateSqliteError(error, this.#path, doing);
    }
  }

  /** Finishes what was asked for before, and closes the file. */
  async close(): Promise<void> {
    if (this.closing.aborted) return;
    this.#closing.abort();
    await this.writer.close();
    this.#reader.close();
  }
}
