import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { engineMissing } from './engine-errors.ts';

// Writable for root only, so nobody can plant programs there; and not swept by time as /tmp is.
const CACHE = '/var/cache/livefold';

/**
 * Copies PostgreSQL's binaries (60 MB) to where every user can run them, once per installed version; returns the copy's folder.
 * PostgreSQL resolves its own path, so neither links nor open directory handles can stand in for a copy.
 */
export async function copyWithinReach(folder: string): Promise<string> {
  try {
    const target = join(CACHE, `postgres-${await versionOf(folder)}`);
    if (!(await exists(target))) await copyOnce(folder, target);
    return target;
  } catch (cause) {
    throw engineMissing(
      `as root it runs as another user, who can neither reach ${folder} nor be given a copy in ${CACHE}.`,
      cause,
    );
  }
}

/** The folder stands in the platform's package, beside its package.json. */
async function versionOf(folder: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, '..', 'package.json'), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest))
    throw new TypeError(`${folder} is in no package.`);
  return `${String(manifest.version)}-${process.arch}`;
}

/** Complete or not at all: the copy gets its name at the end, and of two processes that copy at once one keeps it. */
async function copyOnce(folder: string, target: string): Promise<void> {
  await mkdir(CACHE, { recursive: true, mode: 0o755 });
  const unfinished = await mkdtemp(`${target}.`);
  try {
    // Relative links among the libraries must stay relative.
    await cp(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    await openToAll(unfinished);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  }
}

/** An install under a strict umask is readable for root alone. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
