import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openSqlitePersistence,
  type SqliteOptions,
  type SqlitePersistence,
} from '../../../src/adapters/sqlite/sqlite-persistence.ts';
import type { EventStore } from '../../../src/persistence/event-store.ts';

/** A file of one test, in a folder of its own. */
export type TestFile = AsyncDisposable & {
  readonly path: string;
  readonly sqlite: SqlitePersistence;
  readonly store: EventStore;
  /** The file once more, as another process would open it. */
  another(options?: Partial<SqliteOptions>): Promise<SqlitePersistence>;
};

export async function openTestFile(options: Partial<SqliteOptions> = {}): Promise<TestFile> {
  const folder = await mkdtemp(join(tmpdir(), 'livefold-sqlite-'));
  const path = join(folder, 'log.sqlite');
  const opened: SqlitePersistence[] = [];
  const another = async (own: Partial<SqliteOptions> = {}): Promise<SqlitePersistence> => {
    const sqlite = await openSqlitePersistence({ path, ...own });
    opened.push(sqlite);
    return sqlite;
  };
  const sqlite = await another(options);
  return {
    path,
    sqlite,
    store: sqlite.events,
    another,
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((one) => one.close()));
      await rm(folder, { recursive: true });
    },
  };
}
