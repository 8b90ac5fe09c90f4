import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { throwIfAborted } from '../../../kernel/async.ts';
import { type Cluster, dataOf, ROLE, runOnCluster } from './cluster.ts';
import type { EngineLog } from './engine.ts';
import { engineFailed } from './engine-errors.ts';
import { isAlive } from './is-alive.ts';

/**
 * Makes the cluster unless it is there. It is made under another name and renamed at the end: a process killed in between
 * leaves no half of one, and of two processes that do this at once the second finds the first one's.
 */
export async function createCluster(cluster: Cluster, log: EngineLog, signal?: AbortSignal): Promise<void> {
  if (await isCreated(cluster)) return;
  log(`Creating a PostgreSQL database in ${cluster.folder} (the first time only, it takes a few seconds).`);
  const unfinished = { ...cluster, folder: await makeRoom(cluster) };
  try {
    await initialise(unfinished, signal);
    await putInPlace(unfinished, cluster);
  } finally {
    await rm(unfinished.folder, { recursive: true, force: true });
  }
}

function isCreated(cluster: Cluster): Promise<boolean> {
  return stat(join(dataOf(cluster), 'PG_VERSION')).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw engineFailed(
        `its folder ${cluster.folder} cannot be read (${error.message}).`,
        { folder: cluster.folder },
        error,
      );
    },
  );
}

async function makeRoom(cluster: Cluster): Promise<string> {
  try {
    await mkdir(dirname(cluster.folder), { recursive: true });
    await removeUnfinished(cluster);
    return await mkdtemp(`${unfinishedPrefix(cluster)}${process.pid}-`);
  } catch (cause) {
    throw engineFailed(`it cannot write to ${dirname(cluster.folder)}.`, { folder: cluster.folder }, cause);
  }
}

function unfinishedPrefix(cluster: Cluster): string {
  return `${cluster.folder}.unfinished-`;
}

async function removeUnfinished(cluster: Cluster): Promise<void> {
  const prefix = basename(unfinishedPrefix(cluster));
  const parent = dirname(cluster.folder);
  for (const name of await readdir(parent)) {
    const maker = Number.parseInt(name.slice(prefix.length), 10);
    if (name.startsWith(prefix) && !isAlive(maker))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function initialise(cluster: Cluster, signal?: AbortSignal): Promise<void> {
  const password = join(cluster.folder, 'password');
  await mkdir(dataOf(cluster), { mode: 0o700 });
  await writeFile(password, randomBytes(24).toString('hex'), { mode: 0o600 });
  const { user } = cluster;
  if (user !== undefined)
    await Promise.all(
      [cluster.folder, dataOf(cluster), password].map((path) => chown(path, user.uid, user.gid)),
    );
  const { succeeded, output } = await runOnCluster(cluster, 'initdb', INITDB, signal);
  throwIfAborted(signal);
  if (!succeeded)
    throw engineFailed(`initdb could not make a database: ${output}`, { folder: cluster.folder, output });
}

// The built-in C.UTF-8 sorts and folds alike on every machine, whatever locales that has; libc's and ICU's do not.
const INITDB = [
  `--username=${ROLE}`,
  '--pwfile=../password',
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--no-instructions',
];

async function putInPlace(unfinished: Cluster, cluster: Cluster): Promise<void> {
  try {
    await rename(unfinished.folder, cluster.folder);
  } catch (cause) {
    if (await isCreated(cluster)) return;
    throw engineFailed(
      `${cluster.folder} is there already, but holds no database.`,
      { folder: cluster.folder },
      cause,
    );
  }
  await syncFolder(dirname(cluster.folder));
}

/** PostgreSQL flushes what it writes, but the rename is ours: lost with the power, it would take every later write along. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(folder);
  await handle.sync();
}
