import { createHash, randomBytes } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import { inject } from 'vitest';
import { type MigrationSet, migrateDatabase } from '../../src/adapters/postgres/migrate.ts';
import { databaseName } from './test-run.ts';

/** A database of one test file alone. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  drop(): Promise<void>;
}

/** The lock under which templates are made and cloned: PostgreSQL refuses to clone a database that is in use, by another clone too. */
const CLONING = 0x636c6f6e;

/** A fresh, migrated database: a clone, since the migrations run only once for each list of sets. */
export async function createTestDatabase(sets: readonly MigrationSet[] = []): Promise<TestDatabase> {
  const name = databaseName(inject('testRun'), randomBytes(6).toString('hex'));
  await onServer(async (sql) => {
    await sql`select pg_advisory_lock(${CLONING})`;
    const template = await provideTemplate(sql, sets);
    await sql`create database ${sql(name)} template ${sql(template)}`;
  });
  const drop = (): Promise<void> =>
    onServer(async (sql) => {
      await sql`drop database if exists ${sql(name)} with (force)`;
    });
  return { url: urlOf(name), drop, [Symbol.asyncDispose]: drop };
}

/** It gets its name when it is complete. */
async function provideTemplate(sql: Sql, sets: readonly MigrationSet[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(sets)).digest('hex').slice(0, 12);
  const template = databaseName(inject('testRun'), `template_${hash}`);
  const [there] = await sql`select 1 from pg_database where datname = ${template}`;
  if (there !== undefined) return template;
  const unfinished = `${template}_unfinished`;
  await sql`drop database if exists ${sql(unfinished)} with (force)`;
  await sql`create database ${sql(unfinished)}`;
  await migrateDatabase({ url: urlOf(unfinished), sets });
  await sql`alter database ${sql(unfinished)} rename to ${sql(template)}`;
  return template;
}

/** On one connection, whose end also ends its locks. */
async function onServer(work: (sql: Sql) => Promise<void>): Promise<void> {
  const sql = postgres(inject('serverUrl'), { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end({ timeout: 0 });
  }
}

function urlOf(database: string): string {
  const url = new URL(inject('serverUrl'));
  url.pathname = `/${database}`;
  return url.href;
}
