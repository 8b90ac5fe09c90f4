import { throwIfAborted } from '../../kernel/async.ts';
import type { KeyStore } from '../key-store.ts';
import type { MasterKeys } from './master-keys.ts';
import { createWrappedKey, isWrapped, rewrapKey } from './sealing-key.ts';

/** How many keys there are, how many of them were wrapped anew, and how many are destroyed. */
export type KeyCounts = { readonly keys: number; readonly rewrapped: number; readonly destroyed: number };

const pageSize = 500;

/**
 * Wraps every key by the current master key, and makes a new data key: what is sealed from then on is sealed by that one, and
 * what was sealed before stays readable. May be stopped or killed at any time and run again. Give every running process the new
 * master key first, beside the old one; take the old one away when a run has found nothing left to wrap.
 *
 * @throws LivefoldError `WRONG_MASTER_KEY` when a key is wrapped by a master key that is not among those given
 */
export async function rotateKeys(
  store: KeyStore,
  masterKeys: MasterKeys,
  {
    onProgress = () => {},
    signal,
  }: { readonly onProgress?: (counts: KeyCounts) => void; readonly signal?: AbortSignal } = {},
): Promise<KeyCounts> {
  const [current] = masterKeys;
  let counts: KeyCounts = { keys: 0, rewrapped: 0, destroyed: 0 };
  let after: string | undefined;
  do {
    throwIfAborted(signal);
    const page = await store.listKeys({ limit: pageSize, ...(after !== undefined && { after }) });
    const wrapped = page.filter(isWrapped);
    const old = wrapped.filter(({ masterId }) => masterId !== current.id);
    if (old.length > 0) await store.rewrapKeys(old.map((key) => rewrapKey(key, masterKeys)));
    counts = {
      keys: counts.keys + page.length,
      rewrapped: counts.rewrapped + old.length,
      destroyed: counts.destroyed + page.length - wrapped.length,
    };
    onProgress(counts);
    after = page.length < pageSize ? undefined : page.at(-1)?.id;
  } while (after !== undefined);
  await store.addKeys([createWrappedKey(null, current)]);
  return counts;
}
