import { Bell, nextTurn, sleep } from '../../kernel/async.ts';
import { isLivefoldError, LivefoldError } from '../../kernel/errors.ts';
import type { Connection } from './connection.ts';
import { translateSqliteError } from './sqlite-error.ts';
import { SqliteTransaction } from './sqlite-transaction.ts';
import { WriteLock, type WriteLockOptions } from './write-lock.ts';

/** One transaction takes in at most so many events: sharing it saves little beyond, and the event loop waits for it. */
const mostEvents = 1_000;

type Job = {
  /** When it was asked for, by `performance.now()`. */
  readonly since: number;
  readonly reject: (error: unknown) => void;
} & (SharedWork | OwnWork);

/** Is done at once, and gives what tells its caller so when it is committed. */
type SharedWork = {
  readonly events: number;
  readonly perform: (connection: Connection) => () => void;
};

/** Waits for other things too, and has a transaction for itself. */
type OwnWork = { readonly run: () => Promise<void> };

/**
 * Writes one after another. Work that comes in one turn of the event loop shares a transaction, and so its wait for the
 * disk, each judged alone.
 */
export class SqliteWriter {
  /** Rings when something was committed here. */
  readonly bell = new Bell();
  readonly #connection: Connection;
  readonly #lock: WriteLock;
  readonly #path: string;
  readonly #timeout: number;
  #jobs: Job[] = [];
  #draining: Promise<void> | undefined;
  #isClosed = false;

  constructor(connection: Connection, options: WriteLockOptions) {
    this.#connection = connection;
    this.#lock = new WriteLock(connection, options);
    this.#path = options.path;
    this.#timeout = options.timeout;
  }

  /**
   * Does some work together with other such. `work` throws one of our errors only before it has written anything, so that
   * the others need not be undone; errors of SQLite's come as they are.
   */
  write<Result>(work: (connection: Connection) => Result, events = 1): Promise<Result> {
    return this.#ask((resolve, reject) => ({
      events,
      perform: (connection) => {
        try {
          const result = work(connection);
          return () => resolve(result);
        } catch (error) {
          if (!isLivefoldError(error)) throw error;
          return () => reject(error);
        }
      },
    }));
  }

  /** Runs a caller's work in a transaction; when it throws, nothing of it happened. */
  transaction<Result>(work: (transaction: SqliteTransaction) => Promise<Result>): Promise<Result> {
    return this.#ask((resolve, reject) => ({
      run: () => this.#runTransaction(work).then(resolve, reject),
    }));
  }

  /** Does what was asked for before, and closes the connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#draining;
    this.#connection.close();
  }

  closedError(): LivefoldError {
    const fields = { path: this.#path };
    return new LivefoldError('STORE_CLOSED', `The file ${this.#path} was closed: open it again.`, { fields });
  }

  #ask<Result>(
    make: (resolve: (result: Result) => void, reject: (error: unknown) => void) => SharedWork | OwnWork,
  ): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (this.#isClosed) reject(this.closedError());
    else this.#jobs.push({ since: performance.now(), reject, ...make(resolve, reject) });
    this.#draining ??= this.#drain();
    return promise;
  }

  async #drain(): Promise<void> {
    for (;;) {
      // One turn of the event loop lets every write that is asked for in this one join.
      await nextTurn();
      const [first] = this.#jobs;
      if (first === undefined) break;
      if ('run' in first) await this.#runOwn(first);
      else await this.#runShared(this.#takeShared());
    }
    this.#draining = undefined;
  }

  #takeShared(): readonly (Job & SharedWork)[] {
    const taken: (Job & SharedWork)[] = [];
    let events = 0;
    for (const job of this.#jobs) {
      if ('run' in job) break;
      events += job.events;
      if (taken.length > 0 && events > mostEvents) break;
      taken.push(job);
    }
    this.#jobs = this.#jobs.slice(taken.length);
    return taken;
  }

  async #runShared(jobs: readonly (Job & SharedWork)[]): Promise<void> {
    try {
      await this.#lock.begin();
      const answers = jobs.map(({ perform }) => perform(this.#connection));
      this.#lock.commit();
      this.bell.ring();
      for (const answer of answers) answer();
    } catch (error) {
      this.#lock.release();
      await this.#runAlone(jobs, error);
    }
  }

  /** What one of them broke for all must fail that one only; no lock, and no right to write, is for all the same. */
  async #runAlone(jobs: readonly (Job & SharedWork)[], error: unknown): Promise<void> {
    if (jobs.length === 1 || isLivefoldError(error)) for (const { reject } of jobs) reject(error);
    else for (const job of jobs) await this.#runShared([job]);
  }

  async #runOwn(job: Job & OwnWork): Promise<void> {
    this.#jobs = this.#jobs.slice(1);
    const over = new AbortController();
    const refusing = this.#refuseWaiting(over.signal);
    await job.run();
    over.abort();
    await refusing;
  }

  /** Who waits for a transaction from within it, by not passing it on, would wait for ever. */
  async #refuseWaiting(signal: AbortSignal): Promise<void> {
    const start = performance.now();
    while (!signal.aborted) {
      await sleep(1 + this.#timeout / 10, signal);
      const late = performance.now() - this.#timeout;
      const refused = start < late ? this.#jobs.filter(({ since }) => since < late) : [];
      this.#jobs = this.#jobs.filter((job) => !refused.includes(job));
      const message = `A transaction of this process has held the file ${this.#path} for too long: what belongs to it needs the option \`transaction\`, and other writes have to be tried again.`;
      for (const { reject } of refused)
        reject(new LivefoldError('STORE_BUSY', message, { fields: { path: this.#path } }));
    }
  }

  async #runTransaction<Result>(work: (transaction: SqliteTransaction) => Promise<Result>): Promise<Result> {
    await this.#lock.begin();
    const transaction = new SqliteTransaction(this.#connection);
    try {
      const result = await work(transaction);
      this.#commit(transaction);
      return result;
    } finally {
      transaction.end();
      this.#lock.release();
    }
  }

  #commit(transaction: SqliteTransaction): void {
    try {
      transaction.checkOpen();
      this.#lock.commit();
    } catch (error) {
      throw translateSqliteError(error, this.#path, 'committing a transaction');
    }
    this.bell.ring();
  }
}
