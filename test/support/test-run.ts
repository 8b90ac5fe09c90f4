import { randomInt } from 'node:crypto';
import postgres, { type Sql } from 'postgres';

export type TestRun = { readonly number: number; end(): Promise<void> };

/** The key space of the runs' advisory locks: the letters "test". */
const RUNS = 0x74657374;

/**
 * Takes a number for this run. Its advisory lock says that the run lives, on whichever machine: databases of a number that
 * nobody holds are a killed run's and are dropped.
 */
export async function claimRun(serverUrl: string): Promise<TestRun> {
  const sql = postgres(serverUrl, { max: 1, max_lifetime: null, onnotice: () => {} });
  const number = randomInt(2 ** 31);
  await sql`select pg_advisory_lock(${RUNS}, ${number})`;
  await dropAbandoned(sql);
  return {
    number,
    async end() {
      await dropDatabases(sql, number);
      await sql.end();
    },
  };
}

/** The name of a database that belongs to the run. */
export function databaseName(run: number, purpose: string): string {
  return `livefold_test_${run}_${purpose}`;
}

async function dropAbandoned(sql: Sql): Promise<void> {
  const runs = await sql<{ number: number }[]>`
    select distinct substring(datname from '^livefold_test_(\\d+)_')::int as number
    from pg_database where datname ~ '^livefold_test_\\d+_'`;
  for (const { number } of runs) {
    const [lock] = await sql<
      { isFree: boolean }[]
    >`select pg_try_advisory_lock(${RUNS}, ${number}) as "isFree"`;
    if (lock?.isFree === true) await dropDatabases(sql, number);
  }
}

async function dropDatabases(sql: Sql, run: number): Promise<void> {
  const databases = await sql<{ name: string }[]>`
    select datname as name from pg_database where starts_with(datname, ${databaseName(run, '')})`;
  for (const { name } of databases) await sql`drop database if exists ${sql(name)} with (force)`;
}
