export {
  type Database,
  type DatabaseOptions,
  openDatabase,
  type Session,
} from './adapters/postgres/database.ts';
export type { Engine } from './adapters/postgres/engine/engine.ts';
export { resolveDatabase } from './adapters/postgres/engine/resolve-database.ts';
export { type MigrateOptions, migrateDatabase } from './adapters/postgres/migrate.ts';
export {
  createPostgresEventStore,
  type PostgresEventStoreOptions,
} from './adapters/postgres/postgres-event-store.ts';
export { createPostgresPersistence } from './adapters/postgres/postgres-persistence.ts';
export { createPostgresProcessStore } from './adapters/postgres/postgres-process-store.ts';
export { createInlineProjector, createPostgresReadModels } from './adapters/postgres/postgres-read-models.ts';
export { listenForAppends } from './adapters/postgres/postgres-wake-up.ts';
export { livefoldTables } from './adapters/postgres/tables.ts';
