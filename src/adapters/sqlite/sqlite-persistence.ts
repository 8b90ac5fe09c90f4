import { resolve } from 'node:path';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import type { WakeUp } from '../../messaging/wake-up.ts';
import type { Persistence } from '../../persistence/persistence.ts';
import { openConnections } from './open-connections.ts';
import { createSqliteArchive } from './sqlite-archive.ts';
import { translateSqliteError } from './sqlite-error.ts';
import { createSqliteEventStore } from './sqlite-event-store.ts';
import { SqliteFile } from './sqlite-file.ts';
import { createSqliteKeyStore } from './sqlite-key-store.ts';
import { createSqliteSnapshotStore } from './sqlite-snapshot-store.ts';
import { createSqliteTracking } from './sqlite-tracking.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { watchFile } from './sqlite-wake-up.ts';

export type SqliteOptions = {
  /** The file; it is made when it is not there, in a folder that is. Beside it stand its `-wal` and `-shm`. */
  readonly path: string;
  /** Refuses all writes, and a file that is not there. */
  readonly readOnly?: boolean;
  /** Most milliseconds that a write waits for another process's, or for a transaction of this one's; 5,000 unless given. */
  readonly timeout?: number;
  readonly clock?: Clock;
};

export type SqlitePersistence = Persistence<SqliteTransaction> &
  AsyncDisposable & {
    /** Tells of commits to the file: of this process's at once, of others' soon. */
    watch(): WakeUp;
    /** Finishes the writes that were asked for and closes the file. */
    close(): Promise<void>;
  };

/**
 * Everything in one SQLite file, through Node's own `node:sqlite`. Any number of processes on one machine may have it open:
 * writers wait for each other, readers for nobody. What is acknowledged is on the disk.
 *
 * @throws LivefoldError `STORE_UNKNOWN_FORMAT` a database of something else, or of a newer Livefold
 * @throws LivefoldError `STORE_DAMAGED`, `STORE_READ_ONLY`, `STORE_FULL`, `STORE_BUSY`, `DATABASE_UNAVAILABLE`
 */
export async function openSqlitePersistence(options: SqliteOptions): Promise<SqlitePersistence> {
  const file = await openFile(options);
  const close = (): Promise<void> => file.close();
  return {
    events: createSqliteEventStore(file, options.clock ?? systemClock),
    snapshots: createSqliteSnapshotStore(file),
    tracking: createSqliteTracking(file),
    keys: createSqliteKeyStore(file),
    archive: createSqliteArchive(file),
    transaction: (work) => file.writer.transaction(work),
    watch: () => watchFile(file),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openFile({ path, readOnly = false, timeout = 5_000 }: SqliteOptions): Promise<SqliteFile> {
  // Absolute: the name stands in errors, and the process may change its folder. No other meaning for `:memory:` either.
  const file = resolve(path);
  try {
    return new SqliteFile(file, await openConnections(file, { readOnly, timeout }), timeout);
  } catch (error) {
    throw translateSqliteError(error, file, 'to be opened');
  }
}
