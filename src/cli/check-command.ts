import { Reading } from '../consumption/audit/reading.ts';
import { compareWithLock, lockOf } from '../domain/event-lock.ts';
import { EventRegistry } from '../domain/event-registry.ts';
import { everything } from '../domain/query.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { throwIfAborted } from '../kernel/async.ts';
import { chunks } from '../kernel/chunks.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { stopSignal } from '../main/stop-signal.ts';
import { readLockFile, writeLockFile } from './lock-file.ts';
import { openBackendStorage } from './open-backend-storage.ts';
import { progressBar } from './progress-bar.ts';
import { ProgressLine } from './progress-line.ts';

export type CheckOptions = {
  /** The lock file. */
  readonly lock: string;
  /** Writes the lock anew; differences are told all the same. */
  readonly update?: boolean;
  /** Whether what is stored is looked at too. */
  readonly database: boolean;
};

/**
 * Compares the event types with the lock file and with what is stored. The exit code is 1 when something would no longer
 * read, and when the lock file is not up to date: what it does not know it cannot guard.
 */
export async function checkCommand(backend: BackendDefinition, options: CheckOptions): Promise<void> {
  const registry = new EventRegistry(backend.events);
  const isLocked = await checkLock(registry, options);
  const isReadable = options.database ? await checkStored(backend, registry) : true;
  if (!isLocked || !isReadable) process.exitCode = 1;
}

async function checkLock(registry: EventRegistry, { lock, update }: CheckOptions): Promise<boolean> {
  const locked = await readLockFile(lock);
  if (locked === undefined && update !== true)
    throw new LivefoldError(
      'LOCK_MISSING',
      `There is no lock file ${lock}: write it by \`livefold check --update\` and commit it, or name another one by \`--lock\`.`,
      { fields: { path: lock } },
    );
  const differences = compareWithLock(registry, locked ?? {});
  for (const { type, isBreaking, message } of differences)
    console.log(`${isBreaking ? '✗' : '·'} ${type}: ${message}`);
  const types = `${registry.definitions.length} event types`;
  if (update === true) {
    await writeLockFile(lock, lockOf(registry));
    console.log(`✓ ${lock} says now what the ${types} look like: commit it`);
    return true;
  }
  if (differences.length === 0) console.log(`✓ ${types} are as ${lock} says`);
  else if (!differences.some(({ isBreaking }) => isBreaking))
    console.log(
      `✗ nothing breaks, but ${lock} is out of date: run \`livefold check --update\` and commit it`,
    );
  return differences.length === 0;
}

async function checkStored(backend: BackendDefinition, registry: EventRegistry): Promise<boolean> {
  await using storage = await openBackendStorage(backend);
  using progress = new ProgressLine();
  const signal = stopSignal();
  const head = await storage.stored.events.head();
  const reading = new Reading(storage.mapper.decode, registry);
  for await (const events of chunks(storage.stored.events.read(everything, { before: head + 1 }), 1_000)) {
    throwIfAborted(signal);
    await reading.read(events);
    progress.show(progressBar(reading.count, head, 'events'));
  }
  progress.clear();
  for (const { type, schemaVersion, count, code, message, position } of reading.unreadable)
    console.log(
      `✗ ${count.toLocaleString('en')} × ${type} version ${schemaVersion}, first at position ${position}: ${code}: ${message}`,
    );
  const isReadable = reading.unreadable.length === 0;
  if (isReadable) console.log(`✓ all ${reading.count.toLocaleString('en')} stored events can be read`);
  return isReadable;
}
