import { sleep, throwIfAborted } from '../../../kernel/async.ts';
import { type Cluster, describeCluster, ROLE } from './cluster.ts';
import { createCluster } from './create-cluster.ts';
import { createDatabase } from './create-database.ts';
import type { Engine, EngineLog } from './engine.ts';
import { engineFailed } from './engine-errors.ts';
import { findServer } from './find-server.ts';
import { isLastMember, type Membership } from './membership.ts';
import { startServer, stopServer } from './start-server.ts';

export type EmbeddedEngineOptions = {
  /** Where Livefold keeps its files; the database goes into `postgres` in it. Made when absent. */
  readonly dataDirectory: string;
  readonly log?: EngineLog;
  readonly signal?: AbortSignal;
};

type Entry = { readonly membership: Membership; readonly adopted: boolean };

// Starts collide: two processes at once, a port that was just taken, a killed server's children that are still on their way out.
const ATTEMPTS = 5;
const PAUSE = 200;

/**
 * Starts a PostgreSQL of our own, or joins the one that already runs on the same folder: another process's, or one that a
 * killed process left behind. It listens on a free loopback port and stops with the last process that uses it.
 *
 * Errors: `DATABASE_ENGINE_MISSING` when there are no binaries for this system, `DATABASE_ENGINE_FAILED` with what the server
 * said, `ABORTED`.
 */
export async function startEmbeddedEngine(options: EmbeddedEngineOptions): Promise<Engine> {
  const { dataDirectory, log = () => {}, signal } = options;
  const cluster = await describeCluster(dataDirectory);
  await createCluster(cluster, log, signal);
  const { membership, adopted } = await enter(cluster, signal);
  await createDatabase(membership.sql, ROLE);
  log(
    `PostgreSQL ${adopted ? 'was already running' : 'is running'} on 127.0.0.1:${membership.port}, its data in ${cluster.folder}.`,
  );
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= leave(cluster, membership));
  return { url: urlOf(membership), adopted, stop, [Symbol.asyncDispose]: stop };
}

async function enter(cluster: Cluster, signal: AbortSignal | undefined): Promise<Entry> {
  let isOurs = false;
  let reason = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await findServer(cluster, signal);
    if (found.membership !== undefined) return { membership: found.membership, adopted: !isOurs };
    const start = await startServer(cluster, found.stale, signal);
    throwIfAborted(signal);
    isOurs = start.succeeded;
    if (!start.succeeded) {
      reason = start.reason;
      await sleep(PAUSE * attempt, signal);
    }
  }
  throw engineFailed(`it did not start. Its last words:\n${reason}\n`, {
    folder: cluster.folder,
    log: reason,
  });
}

async function leave(cluster: Cluster, membership: Membership): Promise<void> {
  try {
    if (await isLastMember(membership)) await stopServer(cluster);
  } finally {
    await membership.sql.end({ timeout: 0 });
  }
}

function urlOf({ port, password }: Membership): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${ROLE}`;
}
