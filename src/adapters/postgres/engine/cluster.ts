import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Binaries, findBinaries, programPath } from './binaries.ts';
import { type ProgramResult, runProgram, type ServerUser } from './run-program.ts';
import { chooseServerUser } from './server-user.ts';

/**
 * A PostgreSQL database cluster on disk, and what runs it. Its folder holds `data` (PostgreSQL's own), `password` (of the one
 * role, readable by its owner only) and `server.log`.
 */
export type Cluster = {
  readonly folder: string;
  readonly binaries: Binaries;
  readonly user: ServerUser | undefined;
};

/** The role that owns everything. Not `livefold`: a role's own schema comes first when a table is named without one. */
export const ROLE = 'livefold_owner';

export async function describeCluster(dataDirectory: string): Promise<Cluster> {
  const folder = join(resolve(dataDirectory), 'postgres');
  const user = await chooseServerUser(folder);
  return { folder, user, binaries: await findBinaries(user) };
}

export function dataOf(cluster: Cluster): string {
  return join(cluster.folder, 'data');
}

export async function readPassword(cluster: Cluster): Promise<string> {
  return await readFile(join(cluster.folder, 'password'), 'utf8');
}

/** Runs `initdb` or `pg_ctl` on the cluster. Other files of it are named relative to its `data` folder: `../password`. */
export function runOnCluster(
  cluster: Cluster,
  program: 'initdb' | 'pg_ctl',
  args: readonly string[],
  signal?: AbortSignal,
): Promise<ProgramResult> {
  const options = { cwd: dataOf(cluster), user: cluster.user, signal };
  return runProgram(programPath(cluster.binaries, program), [...args, '-D', dataArgument(cluster)], options);
}

/**
 * The server's user may not be allowed to look into a parent of the folder (a clone under /root). The working directory is
 * entered while we are still root, and through /proc it has a name that passes no parent.
 */
function dataArgument(cluster: Cluster): string {
  return cluster.user !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : dataOf(cluster);
}
