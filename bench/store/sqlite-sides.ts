import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { schema } from '../../src/adapters/sqlite/schema.ts';
import { openSqlitePersistence } from '../../src/adapters/sqlite/sqlite-persistence.ts';
import type { Side } from '../compare.ts';
import { sideOf } from './side.ts';
import { streamItems } from './stream-items.ts';

/** SQLite through Livefold and by hand, each into a file of its own. */
export interface SqliteSides extends AsyncDisposable {
  ours(size: number): Side;
  raw(size: number): Side;
}

export async function openSqliteSides(): Promise<SqliteSides> {
  const folder = await mkdtemp(join(tmpdir(), 'livefold-bench-'));
  const store = await openSqlitePersistence({ path: join(folder, 'livefold.db') });
  const database = openRaw(join(folder, 'raw.db'));
  const insert = prepareRaw(database);
  return {
    ours: (size) =>
      sideOf(
        'SQLite',
        (count) => streamItems(count, size),
        (item) => store.events.append(item),
      ),
    raw: (size) =>
      sideOf(
        'raw inserts',
        (count) => streamItems(count, size),
        ({ events, command }) => {
          database.exec('begin immediate');
          for (const event of events) insert.event(event);
          insert.command(command, events.length);
          database.exec('commit');
        },
      ),
    async [Symbol.asyncDispose]() {
      await store.close();
      database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The same tables and durability, without the triggers that guard them. */
function openRaw(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = full');
  database.exec(schema.replaceAll(/create trigger[\s\S]*?\nend;/g, ''));
  return database;
}

type Item = ReturnType<typeof streamItems>[number];

/** Whoever inserts by hand counts positions, knows each event's version, and checks nothing. */
function prepareRaw(database: DatabaseSync) {
  const event = database.prepare(
    `insert into events (position, id, stream, version, type, schema_version, occurred_at, recorded_at, tags, data, correlation_id, causation_id, actor, tenant, metadata)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const tag = database.prepare('insert into tags (tag, position) values (?, ?)');
  const command = database.prepare(
    'insert into commands (id, fingerprint, position, events) values (?, ?, ?, ?)',
  );
  let position = 0;
  return {
    event(one: Item['events'][number]): void {
      position += 1;
      event.run(
        ...[position, one.id, one.stream, one.place, one.type, one.schemaVersion, one.occurredAt.getTime()],
        ...[Date.now(), JSON.stringify(one.tags), JSON.stringify(one.data), one.correlationId],
        ...[one.causationId, one.actor, one.tenant, null],
      );
      for (const text of one.tags) tag.run(text, position);
    },
    command({ id, fingerprint }: Item['command'], events: number): void {
      command.run(id, fingerprint, position, events);
    },
  };
}
