import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto';

/** AES-256-GCM (NIST SP 800-38D): 12 bytes of nonce, 16 bytes of tag. */
const algorithm = 'aes-256-gcm';
export const nonceLength = 12;
export const tagLength = 16;

/** Nonces are random: one key may encrypt 2^32 times before two of them are likely to be the same. */
const pool = Buffer.alloc(256 * nonceLength);
let used = pool.length;

/** `nonce | ciphertext | tag`. Whoever decrypts must give the same `associated` bytes, which are not stored here. */
export function encrypt(content: Uint8Array, secret: KeyObject, associated: Uint8Array): Uint8Array {
  const nonce = nextNonce();
  const cipher = createCipheriv(algorithm, secret, nonce, { authTagLength: tagLength });
  cipher.setAAD(associated);
  const encrypted = cipher.update(content);
  cipher.final();
  return Buffer.concat([nonce, encrypted, cipher.getAuthTag()]);
}

/** What was encrypted; throws when key, bytes or `associated` are not those of `encrypt`. */
export function decrypt(encrypted: Uint8Array, secret: KeyObject, associated: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(algorithm, secret, encrypted.subarray(0, nonceLength), {
    authTagLength: tagLength,
  });
  decipher.setAAD(associated);
  decipher.setAuthTag(encrypted.subarray(-tagLength));
  const content = decipher.update(encrypted.subarray(nonceLength, -tagLength));
  decipher.final();
  return content;
}

/** One call to the system's random source per 256 nonces: for each it would cost as much as the encryption. */
function nextNonce(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const nonce = Uint8Array.prototype.slice.call(pool, used, used + nonceLength);
  used += nonceLength;
  return nonce;
}
