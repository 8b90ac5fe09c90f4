import { type Database, openDatabase, type Session } from '../../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { createPostgresPersistence } from '../../../src/adapters/postgres/postgres-persistence.ts';
import type { EventStore } from '../../../src/persistence/event-store.ts';
import type { Persistence } from '../../../src/persistence/persistence.ts';
import { createTestDatabase } from '../../support/database.ts';

/** Store and database of one test, with more stores on the same log as if they were other processes'. */
export type TestStore = AsyncDisposable & {
  readonly url: string;
  readonly database: Database;
  readonly persistence: Persistence<Session>;
  /** The persistence's events. */
  readonly store: EventStore<Session>;
  /** Another store with a connection of its own. */
  another(): EventStore<Session>;
};

/** A store on a fresh database. */
export async function openTestStore(): Promise<TestStore> {
  const { url, drop } = await createTestDatabase();
  const databases: Database[] = [];
  const open = (connections: number): Database => {
    const opened = openDatabase(url, { connections });
    databases.push(opened);
    return opened;
  };
  const database = open(4);
  const persistence = createPostgresPersistence({ database });
  return {
    url,
    database,
    persistence,
    store: persistence.events,
    another: () => createPostgresEventStore({ database: open(1) }),
    async [Symbol.asyncDispose]() {
      await Promise.all(databases.map((opened) => opened.close()));
      await drop();
    },
  };
}
