import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { DriverSocket } from '../driver-socket.ts';
import { type Cluster, dataOf, ROLE, readPassword } from './cluster.ts';

/**
 * This process's share in a running server: one connection that holds a shared advisory lock for as long as the process needs
 * the server. The database is the register of its users: the one who gets the lock exclusively is the last, a newcomer waits
 * while that one stops the server, and a killed process leaves the register by itself.
 */
export type Membership = { readonly port: number; readonly password: string; readonly sql: Sql };

// Any number, the same in every process: the letters "live".
const LOCK = 0x6c697665;

/** Joins the server on this port; `undefined` when what answers there, if anything, is not the server of this cluster. */
export async function joinServer(cluster: Cluster, port: number): Promise<Membership | undefined> {
  const password = await readPassword(cluster);
  const sql = connect(port, password);
  try {
    if (await runsOn(cluster, sql)) {
      await sql`select pg_advisory_lock_shared(${LOCK})`;
      return { port, password, sql };
    }
  } catch {
    // Refused, hung up, another password, not PostgreSQL at all: each of them says that this is not our server, or no longer.
  }
  await sql.end({ timeout: 0 });
  return undefined;
}

/** Gives up the membership's lock. True when nobody else is a member: nobody can join then until its connection ends. */
export async function isLastMember({ sql }: Membership): Promise<boolean> {
  try {
    await sql`select pg_advisory_unlock_shared(${LOCK})`;
    const [row] = await sql<{ isLast: boolean }[]>`select pg_try_advisory_lock(${LOCK}) as "isLast"`;
    return row?.isLast === true;
  } catch {
    // The server went away under us: nothing is left to stop.
    return false;
  }
}

function connect(port: number, password: string): Sql {
  const settings = {
    host: '127.0.0.1',
    port,
    user: ROLE,
    password,
    database: 'postgres',
    max: 1,
    connect_timeout: 5,
    // By default the driver renews a connection within the hour, and the lock would be gone with the old one.
    max_lifetime: null,
    idle_timeout: 0,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'livefold engine' },
    ssl: false,
    socket: () => new DriverSocket({ host: '127.0.0.1', port }),
  };
  return postgres(settings);
}

/** A copied folder has the same password and names the same port: only the server of this very folder sees a file made in it now. */
async function runsOn(cluster: Cluster, sql: Sql): Promise<boolean> {
  const name = `livefold-${randomUUID()}`;
  const path = join(dataOf(cluster), name);
  await writeFile(path, '');
  try {
    const [row] = await sql<
      { isSeen: boolean }[]
    >`select (pg_stat_file(${name}, true)).size is not null as "isSeen"`;
    return row?.isSeen === true;
  } finally {
    await rm(path, { force: true });
  }
}
