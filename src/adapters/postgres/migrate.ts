import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type postgres from 'postgres';
import { LivefoldError } from '../../kernel/errors.ts';
import { openClient } from './database.ts';
import { defaultSchema } from './tables.ts';
import { messageOf, translateError } from './translate-error.ts';

/** The folder with Livefold's own migrations, beside the package's code. */
const ownMigrations = fileURLToPath(new URL('../../../drizzle/livefold', import.meta.url));

/** A folder of migrations as drizzle-kit writes it. `name` keeps its journal apart from the others'. */
export type MigrationSet = { readonly name: string; readonly folder: string };

export type MigrateOptions = {
  readonly url: string;
  /** The Postgres schema of Livefold's own tables. */
  readonly schema?: string;
  /** The application's own sets, applied after Livefold's in this order. */
  readonly sets?: readonly MigrationSet[];
};

/**
 * Brings a database up to date: Livefold's own tables, then the application's. Any number of processes may start at
 * once: an advisory lock lets one work and the others find it done. Drizzle's own `migrate()` takes no lock.
 *
 * @throws LivefoldError `MIGRATION_FAILED`, naming the set and the statement; nothing of the failed migration is kept
 */
export async function migrateDatabase(options: MigrateOptions): Promise<void> {
  const schema = checkSchemaName(options.schema ?? defaultSchema);
  const client = openClient(options.url, { max: 1 });
  try {
    await client.begin(async (sql) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('livefold migrate', 0))`;
      await sql.unsafe(`create schema if not exists "${schema}"`);
      await sql.unsafe(
        `create table if not exists "${schema}"."migrations" ("set" text not null, "created" bigint not null, "hash" text not null, primary key ("set", "created"))`,
      );
      for (const set of [{ name: 'livefold', folder: ownMigrations }, ...(options.sets ?? [])])
        await applySet(sql, schema, set);
    });
  } catch (error) {
    throw translateError(error, 'applying the migrations');
  } finally {
    await client.end({ timeout: 5 });
  }
}

async function applySet(sql: postgres.TransactionSql, schema: string, set: MigrationSet): Promise<void> {
  const applied = await sql<
    { created: number }[]
  >`select "created" from ${sql(schema)}."migrations" where "set" = ${set.name}`;
  const known = new Set(applied.map(({ created }) => created));
  for (const migration of readMigrationFiles({ migrationsFolder: set.folder })) {
    if (known.has(migration.folderMillis)) continue;
    for (const statement of migration.sql) await applyStatement(sql, renameSchema(statement, schema), set);
    await sql`insert into ${sql(schema)}."migrations" ("set", "created", "hash") values (${set.name}, ${migration.folderMillis}, ${migration.hash})`;
  }
}

async function applyStatement(
  sql: postgres.TransactionSql,
  statement: string,
  set: MigrationSet,
): Promise<void> {
  try {
    await sql.unsafe(statement);
  } catch (error) {
    const fields = { set: set.name, folder: set.folder, statement };
    throw new LivefoldError(
      'MIGRATION_FAILED',
      `A migration of "${set.name}" failed: ${messageOf(error)}\n${statement.trim()}`,
      { cause: error, fields },
    );
  }
}

/** Livefold's migrations name the default schema; another application of the same database has its own. */
function renameSchema(statement: string, schema: string): string {
  const created = statement.replace('CREATE SCHEMA "livefold"', 'CREATE SCHEMA IF NOT EXISTS "livefold"');
  return schema === defaultSchema
    ? created
    : created.replaceAll('"livefold"', `"${schema}"`).replaceAll("'livefold_log'", `'${schema}_log'`);
}

function checkSchemaName(schema: string): string {
  if (/^[a-z_][a-z0-9_]{0,50}$/.test(schema)) return schema;
  throw new LivefoldError(
    'INVALID_SCHEMA_NAME',
    `"${schema}" is no name for a Postgres schema: use up to 51 small letters, digits and underscores.`,
  );
}
