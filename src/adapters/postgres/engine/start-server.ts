import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { sleep } from '../../../kernel/async.ts';
import { type Cluster, runOnCluster } from './cluster.ts';
import { engineFailed } from './engine-errors.ts';
import { isAlive } from './is-alive.ts';
import { disown, type Postmaster, readPostmaster } from './postmaster-file.ts';

const STOP_PAUSE = 20;

export type StartResult =
  | { readonly succeeded: true }
  | { readonly succeeded: false; readonly reason: string };

/**
 * Starts the cluster's server in the background and waits until it takes connections. pg_ctl gives it a session of its own, so
 * that neither our end nor a Ctrl-C in our terminal reaches it.
 */
export async function startServer(
  cluster: Cluster,
  stale: Postmaster | undefined,
  signal?: AbortSignal,
): Promise<StartResult> {
  await using _ = stale && (await disown(cluster, stale));
  const log = join(cluster.folder, 'server.log');
  await rm(log, { force: true });
  const options = settings(await findFreePort());
  // An hour: how long a crash recovery may take is not ours to judge.
  const { succeeded, output } = await runOnCluster(
    cluster,
    'pg_ctl',
    ['start', '--wait', '--timeout=3600', '--log=../server.log', `--options=${options}`],
    signal,
  );
  return succeeded ? { succeeded } : { succeeded, reason: (await lastLines(log)) || output };
}

/** Stops the server: work in progress is rolled back, everything committed is on disk. */
export async function stopServer(cluster: Cluster): Promise<void> {
  const running = await readPostmaster(cluster);
  if (running === undefined) return;
  const stop = ['stop', '--no-wait', '--mode=fast'];
  const { succeeded, output } = await runOnCluster(cluster, 'pg_ctl', stop);
  if (!succeeded) throw engineFailed(`it did not stop: ${output}`, { folder: cluster.folder, output });
  // pg_ctl itself would wait until no server runs on the folder: for ever, when another process starts the next one meanwhile.
  while ((await readPostmaster(cluster))?.pid === running.pid && isAlive(running.pid))
    await sleep(STOP_PAUSE);
}

function settings(port: number): string {
  const values = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'timezone=UTC',
    'log_timezone=UTC',
    'log_checkpoints=off',
  ];
  return [`-p ${port}`, ...values.map((value) => `-c ${value}`)].join(' ');
}

/** Free now; should another program take it first, the next attempt takes another. */
async function findFreePort(): Promise<number> {
  await using server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new TypeError('A server that listens on a port has one.');
  return address.port;
}

async function lastLines(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-10).join('\n');
}
