import { getTableName } from 'drizzle-orm';
import type postgres from 'postgres';
import { trailTables } from './tables.ts';

/** Makes the read tables that no migration of the shop makes. */
export async function createTables(sql: postgres.Sql): Promise<void> {
  for (const table of trailTables)
    await sql`create table ${sql(getTableName(table))} (
      id text collate "C" primary key, marks integer not null, trail integer not null, position bigint not null)`;
}
