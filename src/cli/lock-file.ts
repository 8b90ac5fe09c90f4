import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EventLock } from '../domain/event-lock.ts';
import { parseEventLock } from '../domain/parse-event-lock.ts';
import { LivefoldError } from '../kernel/errors.ts';

/**
 * The lock in a file; `undefined` when there is no such file.
 *
 * @throws LivefoldError `LOCK_UNREADABLE` when it cannot be read or holds something else
 */
export async function readLockFile(path: string): Promise<EventLock | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const lock = parseEventLock(text);
  if (lock !== undefined) return lock;
  throw new LivefoldError(
    'LOCK_UNREADABLE',
    `The file ${path} holds no lock: take it from version control again, or delete it and run \`livefold check --update\`.`,
    { fields: { path } },
  );
}

/** @throws LivefoldError `LOCK_UNWRITABLE` */
export async function writeLockFile(path: string, lock: EventLock): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${JSON.stringify(lock, null, 2)}\n`);
  } catch (cause) {
    throw failed('LOCK_UNWRITABLE', `The lock file ${path} cannot be written`, { cause, path });
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw failed('LOCK_UNREADABLE', `The lock file ${path} cannot be read`, { cause, path });
  }
}

function failed(
  code: string,
  what: string,
  { cause, path }: { readonly cause: unknown; readonly path: string },
): LivefoldError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new LivefoldError(code, `${what}: ${why}.`, { cause, fields: { path } });
}
