import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import type { TestDatabase } from '../support/database.ts';
import { databaseName } from '../support/test-run.ts';

/** A copy of a test database that nobody is connected to. */
export async function copyDatabase({ url }: Pick<TestDatabase, 'url'>): Promise<TestDatabase> {
  const copy = new URL(url);
  const name = databaseName(inject('testRun'), randomBytes(6).toString('hex'));
  const sql = postgres(inject('serverUrl'), { max: 1, onnotice: () => {} });
  await sql`create database ${sql(name)} template ${sql(copy.pathname.slice(1))}`;
  copy.pathname = `/${name}`;
  const drop = async (): Promise<void> => {
    await sql`drop database if exists ${sql(name)} with (force)`;
    await sql.end({ timeout: 0 });
  };
  return { url: copy.href, drop, [Symbol.asyncDispose]: drop };
}

/** Changes a database as somebody with all rights can: no trigger stands in the way. */
export async function tamper<Result>(
  url: string,
  work: (sql: postgres.TransactionSql) => Promise<Result>,
): Promise<Result> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return (await sql.begin(async (transaction) => {
      await transaction`set local session_replication_role = replica`;
      return work(transaction);
    })) as Result;
  } finally {
    await sql.end({ timeout: 0 });
  }
}
