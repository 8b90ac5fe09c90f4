import type { Persistence } from '../../persistence/persistence.ts';
import type { Session } from './database.ts';
import { createPostgresArchive } from './postgres-archive.ts';
import { createPostgresEventStore, type PostgresEventStoreOptions } from './postgres-event-store.ts';
import { createPostgresKeyStore } from './postgres-key-store.ts';
import { createPostgresSnapshotStore } from './postgres-snapshot-store.ts';
import { createPostgresTracking } from './postgres-tracking.ts';
import { translateError } from './translate-error.ts';

/** Everything on Postgres 15 or newer, with Drizzle's transactions. The tables come from `migrateDatabase`. */
export function createPostgresPersistence(options: PostgresEventStoreOptions): Persistence<Session> {
  const { database, schema } = options;
  return {
    events: createPostgresEventStore(options),
    snapshots: createPostgresSnapshotStore(database, schema),
    tracking: createPostgresTracking(database, schema),
    keys: createPostgresKeyStore(database, schema),
    archive: createPostgresArchive(database, schema),
    async transaction(work) {
      let failure: { readonly error: unknown } | undefined;
      try {
        return await database.session.transaction(async (transaction) => {
          try {
            return await work(transaction);
          } catch (error) {
            failure = { error };
            throw error;
          }
        });
      } catch (error) {
        // What the work itself threw is the caller's, and comes back as it is.
        throw failure?.error === error ? error : translateError(error, "the caller's transaction");
      }
    },
  };
}
