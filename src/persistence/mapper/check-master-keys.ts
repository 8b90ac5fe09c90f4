import type { KeyStore } from '../key-store.ts';
import type { MasterKey } from './master-keys.ts';
import { isWrapped, unwrapKey, type WrappedKey } from './sealing-key.ts';

/** Destroyed keys unwrap to nothing: one that does not is looked for among so many. */
const looked = 100;

/** Whether the store has a key that can still be unwrapped. */
export async function hasKeys(store: KeyStore): Promise<boolean> {
  return (await firstKey(store)) !== undefined;
}

/**
 * Tries the master keys on a key of the store, if it has one.
 *
 * @throws LivefoldError `WRONG_MASTER_KEY` when they are not those of this store
 */
export async function checkMasterKeys(store: KeyStore, masterKeys: readonly MasterKey[]): Promise<void> {
  const key = await firstKey(store);
  if (key !== undefined) unwrapKey(key, masterKeys);
}

async function firstKey(store: KeyStore): Promise<WrappedKey | undefined> {
  return (await store.listKeys({ limit: looked })).find(isWrapped);
}
