import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { type MigrationSet, migrateDatabase } from '../../../src/adapters/postgres/migrate.ts';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { listenForAppends } from '../../../src/adapters/postgres/postgres-wake-up.ts';
import {
  assertRejects,
  outcomeOf,
  readAll,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import { everything } from '../../../src/domain/query.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
let folder: string;
beforeAll(async () => {
  opened = await openTestStore();
  folder = await mkdtemp(join(tmpdir(), 'livefold-migrations-'));
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A set as drizzle-kit writes it, with one migration for each text. */
async function setOf(name: string, ...migrations: readonly string[]): Promise<MigrationSet> {
  const path = join(folder, name);
  await mkdir(join(path, 'meta'), { recursive: true });
  const entries = migrations.map((_, idx) => ({
    idx,
    version: '7',
    when: 1_000 + idx,
    tag: `${idx}`,
    breakpoints: true,
  }));
  await writeFile(
    join(path, 'meta', '_journal.json'),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
  );
  for (const [index, migration] of migrations.entries())
    await writeFile(join(path, `${index}.sql`), migration);
  return { name, folder: path };
}

async function exists(table: string): Promise<boolean> {
  const [row] = await opened.database.session.execute<{ there: boolean }>(
    sql`select to_regclass(${table}) is not null as there`,
  );
  return row?.there ?? false;
}

test('eight processes that start at once bring a database up to date once', async () => {
  const sets = [
    await setOf('together', 'create table together (n integer)', 'insert into together values (1)'),
  ];
  await Promise.all(
    Array.from({ length: 8 }, () => migrateDatabase({ url: opened.url, schema: 'together', sets })),
  );
  expect(await opened.database.session.execute(sql`select n from together`)).toHaveLength(1);
});

test('a migration that came later is applied alone', async () => {
  await migrateDatabase({ url: opened.url, sets: [await setOf('later', 'create table later (n integer)')] });
  await migrateDatabase({
    url: opened.url,
    sets: [await setOf('later', 'create table later (n integer)', 'alter table later add m integer')],
  });
  expect(await opened.database.session.execute(sql`select n, m from later`)).toHaveLength(0);
});

test('a migration that fails names its set and statement and leaves nothing', async () => {
  const sets = [
    await setOf('good', 'create table good (n integer)'),
    await setOf('bad', 'create table bad (n integer);--> statement-breakpoint\nselect nonsense'),
  ];
  await expect(migrateDatabase({ url: opened.url, sets })).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringMatching(/"bad".*nonsense/),
    fields: { set: 'bad', statement: expect.stringContaining('select nonsense') },
  });
  expect([await exists('good'), await exists('bad')]).toEqual([false, false]);
});

test.each(['', 'Upper', 'a-b', '1a', 'a"b', 'x'.repeat(52)])('%j is no schema name', async (schema) => {
  await assertRejects('INVALID_SCHEMA_NAME', migrateDatabase({ url: opened.url, schema }));
});

describe('two applications in one database', () => {
  const schemas = ['alpha', 'beta'] as const;
  const openBoth = async () => {
    for (const schema of schemas) await migrateDatabase({ url: opened.url, schema });
    const database = openDatabase(opened.url, { connections: 3 });
    const [alpha, beta] = schemas.map((schema) => createPostgresEventStore({ database, schema }));
    if (alpha === undefined || beta === undefined) throw new Error('a store is missing');
    return { alpha, beta, database, [Symbol.asyncDispose]: () => database.close() };
  };

  test('each have a log of their own', async () => {
    await using both = await openBoth();
    const events = sampleEvents(2, { tags: ['a'] });
    const item = {
      events,
      command: { id: 'one', fingerprint: 'x' },
      condition: { query: { items: [{ tags: ['a'] }] }, after: 0 },
    };
    const receipts = await Promise.all([both.alpha.append(item), both.beta.append(item)]);
    expect(receipts).toMatchObject([
      { position: 2, duplicate: false },
      { position: 2, duplicate: false },
    ]);
    await both.alpha.append({ events: sampleEvents(1) });
    expect([
      (await readAll(both.alpha, everything)).length,
      (await readAll(both.beta, everything)).length,
      await opened.store.head(),
    ]).toEqual([3, 2, 0]);
    expect(await outcomeOf(both.beta.append({ events }))).toBe('conflict');
    await expect(both.database.session.execute(sql`delete from beta.events`)).rejects.toThrow();
  });

  test('wake their own consumers only', async () => {
    await using both = await openBoth();
    await using alpha = await listenForAppends(opened.url, 'alpha');
    await using beta = await listenForAppends(opened.url, 'beta');
    const [alphaSeen, betaSeen] = [alpha.bell.rings, beta.bell.rings];
    await both.alpha.append({ events: sampleEvents(1) });
    await both.beta.append({ events: sampleEvents(1) });
    // One connection hears in commit order: had beta heard alpha's, it would have come first.
    await beta.bell.wait(betaSeen);
    await alpha.bell.wait(alphaSeen);
    expect([alpha.bell.rings - alphaSeen, beta.bell.rings - betaSeen]).toEqual([1, 1]);
  });

  test('do not wait for each other', async () => {
    await using both = await openBoth();
    await both.database.session.transaction(async (transaction) => {
      await both.alpha.append({ events: sampleEvents(1) }, { transaction });
      await both.beta.append({ events: sampleEvents(1) });
    });
  });
});
