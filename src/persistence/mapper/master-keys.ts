import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { LivefoldError } from '../../kernel/errors.ts';
import { createId } from '../../kernel/ids.ts';

/** A key that wraps the keys that are stored. It stays out of the store: whoever has the store alone reads nothing sealed. */
export type MasterKey = { readonly id: string; readonly secret: KeyObject };

/** The first one wraps; all of them unwrap. */
export type MasterKeys = readonly [current: MasterKey, ...older: MasterKey[]];

const keyLength = 32;

/**
 * Reads master keys from text: `id:base64` each, separated by commas, the current one first. `where` the text comes from is
 * said in errors.
 *
 * @throws LivefoldError `INVALID_MASTER_KEY`, which never shows a key
 */
export function parseMasterKeys(text: string, where?: string): MasterKeys {
  const from = where === undefined ? '' : ` in ${where}`;
  const [current, ...older] = text
    .split(',')
    .map((key, index) => parseMasterKey(key, `The master key number ${index + 1}${from} is`));
  const ids = [current, ...older].map((key) => key?.id);
  if (current === undefined || new Set(ids).size < ids.length)
    throw invalid(`The master keys${from} are`, 'two of them have the same id');
  return [current, ...older];
}

/** A new master key as text, to be kept where secrets are kept. @throws LivefoldError `INVALID_MASTER_KEY` for a bad id */
export function createMasterKey(id: string = createId()): string {
  const text = `${id}:${randomBytes(keyLength).toString('base64')}`;
  parseMasterKeys(text);
  return text;
}

function parseMasterKey(text: string, which: string): MasterKey {
  const [id = '', encoded = '', ...more] = text.trim().split(':');
  if (!/^[\w.-]{1,64}$/.test(id))
    throw invalid(which, 'its id has 1 to 64 letters, digits, ".", "_" and "-", before a colon');
  const bytes = Buffer.from(encoded, 'base64');
  // Node skips what is not base64, and would take a mistyped key for another one. The id is not told: it may be a key
  // without an id, or one that changed places with it.
  if (more.length > 0 || bytes.length !== keyLength || bytes.toString('base64') !== encoded)
    throw invalid(which, `behind its id stand a colon and ${keyLength} bytes in base64, 44 characters`);
  return { id, secret: createSecretKey(bytes) };
}

function invalid(which: string, why: string): LivefoldError {
  return new LivefoldError(
    'INVALID_MASTER_KEY',
    `${which} not valid: ${why}. \`livefold keys create\` makes one.`,
  );
}
