import type { PgDatabase } from 'drizzle-orm/pg-core';
import { drizzle, type PostgresJsDatabase, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { guardTransactions } from './guard-transactions.ts';

/** A Drizzle database or one of its transactions: whatever can run a query. */
export type Session = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>;

/** A Drizzle database with its pool of connections. */
export type Database = {
  readonly session: PostgresJsDatabase<Record<string, never>>;
  /**
   * One connection, for short statements that many ask for at the same moment: they go out in one write and run one behind
   * the other, which on few cores is faster than waking a server process for each.
   */
  readonly pipeline: PostgresJsDatabase<Record<string, never>>;
  /** One connection for appends, which go out one behind the other anyway: always the same server process, with its plans and pages at hand. */
  readonly appends: PostgresJsDatabase<Record<string, never>>;
  readonly url: string;
  /** Lets running queries end, then closes the connections. */
  close(): Promise<void>;
};

/** What Postgres lists in `pg_stat_activity` for every connection of ours. */
export const applicationName = 'livefold';

export type DatabaseOptions = {
  /** Most connections; 8 saturate two cores. */
  readonly connections?: number;
};

/** Opens a pool of its own: Drizzle rewrites the date parsers of the client it is given, so it shares none. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const client = openClient(url, { max: options.connections ?? 8 });
  const single = openClient(url, { max: 1 });
  const appends = openClient(url, { max: 1 });
  const close = async (): Promise<void> => {
    await Promise.all([client, single, appends].map((one) => one.end({ timeout: 5 })));
  };
  return { session: drizzle(client), pipeline: drizzle(single), appends: drizzle(appends), url, close };
}

/** A postgres.js client with our settings, for the few that cannot go through Drizzle: LISTEN and migrations. */
export function openClient(url: string, options: { readonly max: number }): postgres.Sql {
  const client = postgres(url, {
    max: options.max,
    connect_timeout: 10,
    // Positions and counts are bigint columns; all fit a number up to 2^53 − 1.
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
    connection: { application_name: applicationName },
    onnotice: () => {},
  });
  return guardTransactions(client);
}
