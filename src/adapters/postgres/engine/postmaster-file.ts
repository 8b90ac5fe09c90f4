import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, dataOf } from './cluster.ts';

/** What a PostgreSQL server writes about itself into its data folder. */
export type Postmaster = {
  readonly pid: number;
  readonly port: number;
  readonly isReady: boolean;
  readonly text: string;
};

/** Reads `postmaster.pid`. It is there while a server runs, and stays behind when that was killed. */
export async function readPostmaster(cluster: Cluster): Promise<Postmaster | undefined> {
  const text = await readFile(pathOf(cluster), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (text === '') return undefined;
  // The lines: pid, data folder, start time, port, socket folder, address, shared memory, status (PostgreSQL's pidfile.h).
  const [pid = '', , , port = '', , , , status = ''] = text.split('\n');
  // A single-user server writes its pid negated.
  return { pid: Math.abs(Number(pid)), port: Number(port), isReady: status.trim() === 'ready', text };
}

/**
 * Lets a server start although the file names a living process, because that is not its server: the system gave the pid of a
 * killed one to another program. PostgreSQL itself refuses then; but it takes its parent's pid in the file for stale, so we put
 * in ours. The file is not removed: by its shared-memory line PostgreSQL still notices a server that does run on this folder.
 * Dispose when the start is over: after a failed one the file says again what it said.
 */
export async function disown(cluster: Cluster, stale: Postmaster): Promise<AsyncDisposable> {
  const disowned = stale.text.replace(/^.*/, String(process.pid));
  await writeFile(pathOf(cluster), disowned);
  return {
    async [Symbol.asyncDispose]() {
      const current = await readPostmaster(cluster);
      if (current?.text === disowned) await writeFile(pathOf(cluster), stale.text);
    },
  };
}

function pathOf(cluster: Cluster): string {
  return join(dataOf(cluster), 'postmaster.pid');
}
