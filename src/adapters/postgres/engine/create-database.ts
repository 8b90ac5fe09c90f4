import type { Sql } from 'postgres';
import { databaseCode } from '../translate-error.ts';

// duplicate_database, and the unique violation that a create at the very same time gets instead.
const ALREADY_THERE = new Set(['42P04', '23505']);

/** Creates the database unless it is there. */
export async function createDatabase(sql: Sql, name: string): Promise<void> {
  const [there] = await sql`select 1 from pg_database where datname = ${name}`;
  if (there !== undefined) return;
  try {
    await sql`create database ${sql(name)}`;
  } catch (error) {
    if (!ALREADY_THERE.has(databaseCode(error) ?? '')) throw error;
  }
}
