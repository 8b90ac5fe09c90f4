import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { LivefoldError } from '../../kernel/errors.ts';
import { createId } from '../../kernel/ids.ts';
import type { StoredKey } from '../key-store.ts';
import { decrypt, encrypt } from './encryption.ts';
import type { MasterKey, MasterKeys } from './master-keys.ts';

/** A key that seals data, ready to be used. */
export type SealingKey = {
  readonly id: string;
  readonly idBytes: Uint8Array;
  /** Whose personal data it seals; `null` for a key that seals whole events. */
  readonly subject: string | null;
  readonly secret: KeyObject;
};

/** A key that is stored and was not destroyed. */
export type WrappedKey = StoredKey & { readonly wrapped: Uint8Array };

/** The wrapped form is described in docs/stored-form.md. */
const formVersion = 1;
const keyLength = 32;

export function isWrapped(key: StoredKey): key is WrappedKey {
  return key.wrapped !== null;
}

/** A new key, wrapped to be stored. */
export function createWrappedKey(subject: string | null, master: MasterKey): WrappedKey {
  return wrap({ id: createId(), subject }, randomBytes(keyLength), master);
}

/** @throws LivefoldError `WRONG_MASTER_KEY`, naming the master key that it takes */
export function unwrapKey(key: WrappedKey, masterKeys: readonly MasterKey[]): SealingKey {
  const { id, subject } = key;
  return {
    id,
    idBytes: Buffer.from(id.replaceAll('-', ''), 'hex'),
    subject,
    secret: createSecretKey(secretOf(key, masterKeys)),
  };
}

/** The same key, wrapped by the current master key. @throws LivefoldError `WRONG_MASTER_KEY` */
export function rewrapKey(key: WrappedKey, masterKeys: MasterKeys): WrappedKey {
  return wrap(key, secretOf(key, masterKeys), masterKeys[0]);
}

function wrap(
  { id, subject }: Pick<StoredKey, 'id' | 'subject'>,
  secret: Uint8Array,
  master: MasterKey,
): WrappedKey {
  const encrypted = encrypt(secret, master.secret, associated({ id, subject }));
  return { id, subject, masterId: master.id, wrapped: Uint8Array.from([formVersion, ...encrypted]) };
}

function secretOf(key: WrappedKey, masterKeys: readonly MasterKey[]): Uint8Array {
  const { id, masterId, wrapped } = key;
  const master = masterKeys.find((one) => one.id === masterId);
  if (master === undefined) throw wrongMasterKey(key, `it is wrapped by the master key "${masterId}"`);
  if (wrapped[0] !== formVersion)
    throw wrongMasterKey(key, `its form is ${wrapped[0]}, and this program knows ${formVersion}`);
  try {
    return decrypt(wrapped.subarray(1), master.secret, associated({ id, subject: key.subject }));
  } catch (cause) {
    throw wrongMasterKey(
      key,
      `the master key "${masterId}" that was given is not the one that wrapped it`,
      cause,
    );
  }
}

/** Binds a wrapped key to its row: under another id or subject it does not unwrap. */
function associated({ id, subject }: Pick<StoredKey, 'id' | 'subject'>): Buffer {
  return Buffer.from(JSON.stringify(['key', id, subject]));
}

function wrongMasterKey({ id, subject, masterId }: StoredKey, why: string, cause?: unknown): LivefoldError {
  const whose = subject === null ? '' : ` of "${subject}"`;
  return new LivefoldError(
    'WRONG_MASTER_KEY',
    `The key ${id}${whose} cannot be unwrapped: ${why}. Give "${masterId}" among the master keys.`,
    { fields: { keyId: id, subject, masterId }, cause },
  );
}
