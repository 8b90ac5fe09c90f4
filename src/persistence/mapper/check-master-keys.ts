import type { KeyStore } from '../key-store.ts';
import type { MasterKey } from './master-keys.ts';
import { isWrapped, unwrapKey, type WrappedKey } from './sealing-key.ts';

/** Destroyed keys unwrap to nothing: one that does not is looked for among so many. */
const looked = 100;

/** Whether the store has a key that can still be unwrapped. */
export async function hasKeys(store: KeyStore): Promise<boolean> {
  return (await firstKeys(store)).length > 0;
}

/**
 * Tries the master keys on a key of the store, if it has one. A single key that is damaged does not count: whoever reads what
 * it sealed hears of it, and all else can be read.
 *
 * @throws LivefoldError `WRONG_MASTER_KEY` when they are not those of this store
 */
export async function checkMasterKeys(store: KeyStore, masterKeys: readonly MasterKey[]): Promise<void> {
  const keys = await firstKeys(store);
  const [first] = keys;
  if (first === undefined) return;
  try {
    unwrapKey(first, masterKeys);
  } catch (error) {
    if (!keys.some((key) => key.masterId === first.masterId && isOpenedBy(masterKeys, key))) throw error;
  }
}

async function firstKeys(store: KeyStore): Promise<readonly WrappedKey[]> {
  return (await store.listKeys({ limit: looked })).filter(isWrapped);
}

function isOpenedBy(masterKeys: readonly MasterKey[], key: WrappedKey): boolean {
  try {
    unwrapKey(key, masterKeys);
    return true;
  } catch {
    return false;
  }
}
