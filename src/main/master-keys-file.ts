import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LivefoldError } from '../kernel/errors.ts';
import { createId } from '../kernel/ids.ts';
import { createMasterKey, type MasterKeys, parseMasterKeys } from '../persistence/mapper/master-keys.ts';

/**
 * The master keys of a data folder, in its file `master-key`; `undefined` where there is none.
 *
 * @throws LivefoldError `MASTER_KEY_FILE` when the file cannot be read, `INVALID_MASTER_KEY`
 */
export function readMasterKeysFile(dataDirectory: string): Promise<MasterKeys | undefined> {
  const path = pathIn(dataDirectory);
  return guarded(path, async () => {
    const text = await readText(path);
    return text === undefined ? undefined : parseMasterKeys(text, path);
  });
}

/**
 * Makes the file with a new master key, which only its owner may read. However many processes do so at once, all of them
 * get the same key.
 *
 * @throws LivefoldError `MASTER_KEY_FILE` when the file cannot be made
 */
export function makeMasterKeysFile(dataDirectory: string): Promise<MasterKeys> {
  const path = pathIn(dataDirectory);
  return guarded(path, async () => {
    await mkdir(dataDirectory, { recursive: true });
    return parseMasterKeys(await writeOnce(path, createMasterKey()), path);
  });
}

/** What the file says in the end. It is written under another name first: whoever finds the file finds it whole. */
async function writeOnce(path: string, text: string): Promise<string> {
  const part = `${path}.${createId()}`;
  try {
    await writeFile(part, `${text}\n`, { mode: 0o600 });
    await link(part, path);
    return text;
  } catch (error) {
    // Another process may have been first.
    const made = await readText(path);
    if (made === undefined) throw error;
    return made;
  } finally {
    await rm(part, { force: true });
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function guarded<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof LivefoldError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LivefoldError(
      'MASTER_KEY_FILE',
      `The master key cannot be kept in ${path} (${why}): set LIVEFOLD_KEYS instead; \`livefold keys create\` makes a key.`,
      { cause, fields: { path } },
    );
  }
}

function pathIn(dataDirectory: string): string {
  return join(dataDirectory, 'master-key');
}
