import { LivefoldError } from '../../kernel/errors.ts';
import type { StoredKey } from '../key-store.ts';
import type { MasterKeys } from './master-keys.ts';
import { isWrapped, type SealingKey, unwrapKey } from './sealing-key.ts';

/** A key as it was found in the store. */
export type FoundKey = SealingKey | UnusableKey;

/** A key that opens nothing: it was destroyed, or `fault` says why it could not be unwrapped. */
type UnusableKey = {
  readonly id: string;
  readonly subject: string | null;
  readonly secret: null;
  readonly fault: unknown;
};

/** A stored key, unwrapped if that can be done. Whoever wants to use it hears if not: it may be one of many of a page. */
export function toFoundKey(key: StoredKey, masterKeys: MasterKeys): FoundKey {
  const { id, subject } = key;
  if (!isWrapped(key)) return { id, subject, secret: null, fault: undefined };
  try {
    return unwrapKey(key, masterKeys);
  } catch (fault) {
    return { id, subject, secret: null, fault };
  }
}

export function isDestroyed(key: FoundKey): boolean {
  return key.secret === null && key.fault === undefined;
}

/**
 * The key, to be used.
 *
 * @param consequence what it means that it was destroyed
 * @throws LivefoldError `SUBJECT_FORGOTTEN`, `WRONG_MASTER_KEY`
 */
export function wantSecret(key: FoundKey, consequence: string): SealingKey {
  if (key.secret !== null) return key;
  const { subject, fault } = key;
  if (fault !== undefined) throw fault;
  throw new LivefoldError('SUBJECT_FORGOTTEN', `The subject "${subject}" was forgotten: ${consequence}.`, {
    fields: { subject },
  });
}
