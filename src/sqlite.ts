/** The door `livefold/sqlite`: everything that Livefold keeps, in one SQLite file. */
export {
  openSqlitePersistence,
  type SqliteOptions,
  type SqlitePersistence,
} from './adapters/sqlite/sqlite-persistence.ts';
export type { SqliteTransaction } from './adapters/sqlite/sqlite-transaction.ts';
