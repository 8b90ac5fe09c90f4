import { LivefoldError } from '../../kernel/errors.ts';
import { isDestroyed, wantSecret } from './found-key.ts';
import type { KeyLookup, KeyRing } from './key-ring.ts';
import type { SealedBytes } from './sealed-bytes.ts';
import type { SealingKey } from './sealing-key.ts';
import type { MaybePromise } from './when-ready.ts';

/** What was found of the keys that were looked up; `undefined` for a mapper without keys. */
export type Keys = KeyLookup | undefined;

/**
 * The key that opens sealed bytes; `undefined` for bytes that are not encrypted.
 *
 * @throws LivefoldError `KEYS_MISSING` for a mapper without keys
 * @throws LivefoldError `KEY_UNKNOWN` when no key has the id that they name
 * @throws LivefoldError `SUBJECT_FORGOTTEN` when it was destroyed, `WRONG_MASTER_KEY` when no master key unwraps it
 */
export function keyOf({ keyId }: SealedBytes, keys: Keys): SealingKey | undefined {
  if (keyId === null) return undefined;
  if (keys === undefined) throw keysMissing('The sealed bytes are encrypted');
  const key = keys.get(keyId);
  // Only the keys of subjects are destroyed: another one without bytes was lost.
  if (key === undefined || (isDestroyed(key) && key.subject === null))
    throw new LivefoldError(
      'KEY_UNKNOWN',
      `The sealed bytes name the key ${keyId}, and there is none: restore the table of keys from the same backup as the log, or the bytes themselves.`,
      { fields: { keyId } },
    );
  return wantSecret(key, 'what was sealed for it cannot be read again');
}

/** Looks up the keys that some bytes or subjects name. What is wrong with one of them is told by `keyOf`. */
export function findKeys(
  ring: KeyRing | undefined,
  wanted: { readonly ids: ReadonlySet<string>; readonly subjects?: ReadonlySet<string> },
): MaybePromise<Keys> {
  return ring?.findKeys(wanted);
}

/** The error for what takes keys where there are none. */
export function keysMissing(what: string): LivefoldError {
  return new LivefoldError(
    'KEYS_MISSING',
    `${what}, and the mapper has no keys: give them by \`createMapper({ keys: { store, masterKeys } })\`.`,
  );
}
