import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { stopSignal } from '../main/stop-signal.ts';
import { createMasterKey } from '../persistence/mapper/master-keys.ts';
import { type KeyCounts, rotateKeys } from '../persistence/mapper/rotate-keys.ts';
import { openBackendStorage } from './open-backend-storage.ts';
import { ProgressLine } from './progress-line.ts';

/** Prints a new master key. */
export function createKeyCommand({ id }: { readonly id?: string }): void {
  console.log(createMasterKey(id));
}

/** Wraps all keys by the first master key of `LIVEFOLD_KEYS`, and has new events sealed under a new data key. */
export async function rotateKeysCommand(backend: BackendDefinition): Promise<void> {
  await using storage = await openBackendStorage(backend);
  using progress = new ProgressLine();
  const { masterKeys } = storage;
  if (masterKeys === undefined)
    throw new LivefoldError('KEYS_MISSING', 'Nothing is sealed in this database: there is no key to rotate.');
  const counts = await rotateKeys(storage.stored.keys, masterKeys, {
    onProgress: ({ keys }) => progress.show(`${keys.toLocaleString('en')} keys looked at`),
    signal: stopSignal(),
  });
  progress.clear();
  report(counts);
}

function report({ keys, rewrapped, destroyed }: KeyCounts): void {
  const n = (count: number): string => count.toLocaleString('en');
  console.log(
    `${n(keys)} keys: ${n(rewrapped)} wrapped anew, ${n(destroyed)} destroyed ones left. A new key seals events from now on.`,
  );
}
