import type { PgDatabase } from 'drizzle-orm/pg-core';
import { drizzle, type PostgresJsDatabase, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { arrayTypes } from './array-types.ts';
import { boundStatements } from './bound-statements.ts';
import { cancelQueries } from './cancel-queries.ts';
import { DriverSocket } from './driver-socket.ts';
import { encryptionOf } from './encrypt.ts';
import { guardTransactions } from './guard-transactions.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { shortTurns } from './short-turns.ts';

/** A Drizzle database or one of its transactions: whatever can run a query. */
export type Session = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>;

/** A Drizzle database with its pool of connections. */
export type Database = {
  readonly session: PostgresJsDatabase<Record<string, never>>;
  /**
   * One connection, for short statements that many ask for at the same moment: they go out in one write and run one behind
   * the other, which on few cores is faster than waking a server process for each. One that takes long is cancelled: it
   * belongs on the pool.
   */
  readonly pipeline: PostgresJsDatabase<Record<string, never>>;
  /** One connection for appends, which go out one behind the other anyway: always the same server process, with its plans and pages at hand. */
  readonly appends: PostgresJsDatabase<Record<string, never>>;
  /** One connection for heartbeats, which must not wait behind anything: a process that is late with them counts as gone. */
  readonly beats: PostgresJsDatabase<Record<string, never>>;
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
  const single = shortTurns(openClient(url, { max: 1 }));
  const appends = openClient(url, { max: 1 });
  const beats = openClient(url, { max: 1 });
  const close = async (): Promise<void> => {
    await Promise.all([client, single, appends, beats].map((one) => one.end({ timeout: 5 })));
  };
  return {
    ...{ session: drizzle(client), pipeline: drizzle(single), appends: drizzle(appends) },
    ...{ beats: drizzle(beats), url, close },
  };
}

/** A postgres.js client with our settings, for the few that cannot go through Drizzle: LISTEN and migrations. */
export function openClient(url: string, options: { readonly max: number }): postgres.Sql {
  const settings = {
    max: options.max,
    connect_timeout: 10,
    // Seconds. Each query that waits while no server answers gets a try of its own: with the driver's 20 s between two tries
    // the tenth of them would hear after a minute.
    backoff: (tries: number) => Math.min(2 ** tries / 100, 0.2),
    // Positions and counts are bigint columns; all fit a number up to 2^53 − 1.
    types: { ...arrayTypes, bigint: { to: 20, from: [20], parse: Number, serialize: String } },
    fetch_types: false,
    connection: { application_name: applicationName },
    onnotice: () => {},
    // Our sockets encrypt by themselves.
    ssl: false,
    socket: socketsTo(url),
  };
  const client = boundStatements(postgres(url, settings));
  return guardTransactions(cancelQueries(options.max === 1 ? client : oneAtATime(client)));
}

type Servers = {
  readonly path: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
};

/** Opens the driver's sockets; where the address names several servers, to one after the other. */
function socketsTo(url: string): (servers: Servers) => DriverSocket {
  const encryption = encryptionOf(url);
  let opened = 0;
  return ({ path, host, port }) => {
    const turn = opened % host.length;
    opened += 1;
    const server = path ? { path } : { host: host[turn] ?? 'localhost', port: port[turn] ?? 5432 };
    return new DriverSocket(server, encryption);
  };
}
