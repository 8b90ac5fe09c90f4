import postgres from 'postgres';
import { expect, inject, test } from 'vitest';
import { createTestDatabase } from './database.ts';
import { claimRun, databaseName } from './test-run.ts';

test('test databases are migrated, apart from each other, and can be taken many at a time', async () => {
  const databases = await Promise.all([1, 2, 3, 4].map(() => createTestDatabase()));
  const counts = await Promise.all(databases.map(({ url }) => countMigrationsThenHide(url)));
  expect(new Set(counts)).toEqual(new Set([counts[0]]));
  expect(counts[0]).toBeGreaterThan(0);
  await Promise.all(databases.map((database) => database.drop()));
});

test("a killed run's databases are dropped by the next run, a living run's are not", async () => {
  const sql = postgres(inject('serverUrl'), { max: 1, onnotice: () => {} });
  const mine = databaseName(inject('testRun'), 'living');
  const abandoned = databaseName(7, 'abandoned');
  await sql`create database ${sql(mine)}`;
  await sql`create database ${sql(abandoned)}`;
  const next = await claimRun(inject('serverUrl'));
  const left = await sql<
    { datname: string }[]
  >`select datname from pg_database where datname in (${mine}, ${abandoned})`;
  expect(left.map(({ datname }) => datname)).toEqual([mine]);
  await next.end();
  await sql.end();
});

async function countMigrationsThenHide(url: string): Promise<number> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from livefold.migrations`;
  await sql`drop schema livefold cascade`;
  await sql.end();
  return row?.count ?? 0;
}
