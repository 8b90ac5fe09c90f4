import { crc32 } from 'node:zlib';
import { LivefoldError } from '../../kernel/errors.ts';
import { type Compression, compress, expand } from './compression.ts';
import { decrypt, encrypt, nonceLength, tagLength } from './encryption.ts';
import type { SealingKey } from './sealing-key.ts';

/** The form is described byte by byte in docs/stored-form.md. */
const formVersion = 1;
const headerLength = 2;
const keyIdLength = 16;
const checksumLength = 4;

/** Bits of the second byte. */
const flag = { deflate: 1, zstd: 2, encrypted: 4, layered: 8 };
const allFlags = flag.deflate | flag.zstd | flag.encrypted | flag.layered;

export type SealOptions = {
  /** Encrypts under this key. */
  readonly key?: SealingKey | undefined;
  /** Compresses, if that makes it smaller. */
  readonly compression?: Compression | undefined;
  /** Says that the content is sealed bytes itself. */
  readonly isLayered?: boolean;
  /** Where the bytes belong: they open nowhere else. */
  readonly belongsTo: string;
};

/** Seals content: compresses it, encrypts it, or both. */
export function seal(
  content: Uint8Array,
  { key, compression, isLayered = false, belongsTo }: SealOptions,
): Uint8Array {
  const compressed = compression && compress(content, compression);
  const inner = compressed ?? content;
  const flags =
    (compression === undefined || compressed === undefined ? 0 : flag[compression]) |
    (key === undefined ? 0 : flag.encrypted) |
    (isLayered ? flag.layered : 0);
  const header = Buffer.from([formVersion, flags]);
  if (key === undefined) return Buffer.concat([header, checksum(header, inner, belongsTo), inner]);
  const { idBytes, secret } = key;
  return Buffer.concat([header, idBytes, encrypt(inner, secret, associated(header, idBytes, belongsTo))]);
}

/** What sealed bytes say of themselves, before anything is opened. */
export type SealedBytes = {
  readonly bytes: Uint8Array;
  /** The key that they are encrypted under; `null` when they are not. */
  readonly keyId: string | null;
  readonly compression: Compression | undefined;
  /** Whether sealed bytes come out of them. */
  readonly isLayered: boolean;
};

/** @throws LivefoldError `SEALED_DATA_DAMAGED` */
export function readSealed(bytes: Uint8Array): SealedBytes {
  const [version, flags = 0] = bytes;
  if (version !== formVersion)
    throw damaged(`their form is ${version ?? 'none'}, and this program knows ${formVersion}`);
  const isEncrypted = (flags & flag.encrypted) !== 0;
  const least = headerLength + (isEncrypted ? keyIdLength + nonceLength + tagLength : checksumLength);
  if (bytes.length < least || (flags & ~allFlags) !== 0 || (flags & 3) === 3)
    throw damaged('they are cut off, or not sealed bytes at all');
  return {
    bytes,
    keyId: isEncrypted ? toUuid(bytes.subarray(headerLength, headerLength + keyIdLength)) : null,
    compression: compressionOf(flags),
    isLayered: (flags & flag.layered) !== 0,
  };
}

/**
 * The content of sealed bytes.
 *
 * @param secret of the key that the bytes name; left out when they are not encrypted
 * @throws LivefoldError `SEALED_DATA_DAMAGED`
 */
export function unseal(
  { bytes, keyId, compression }: SealedBytes,
  { key, belongsTo }: { readonly key?: SealingKey | undefined; readonly belongsTo: string },
): Uint8Array {
  const header = bytes.subarray(0, headerLength);
  try {
    const inner =
      keyId === null || key === undefined
        ? checkedContent(bytes, header, belongsTo)
        : decrypt(
            bytes.subarray(headerLength + keyIdLength),
            key.secret,
            associated(header, bytes.subarray(headerLength, headerLength + keyIdLength), belongsTo),
          );
    return compression === undefined ? inner : expand(inner, compression);
  } catch (cause) {
    throw damaged('they are not what was sealed here', cause);
  }
}

/** Without encryption a checksum finds what is damaged, or stands where it does not belong. */
function checkedContent(bytes: Uint8Array, header: Uint8Array, belongsTo: string): Uint8Array {
  const content = bytes.subarray(headerLength + checksumLength);
  const stored = bytes.subarray(headerLength, headerLength + checksumLength);
  if (!checksum(header, content, belongsTo).equals(stored)) throw new RangeError('The checksum differs.');
  return content;
}

function checksum(header: Uint8Array, content: Uint8Array, belongsTo: string): Buffer {
  const sum = Buffer.alloc(checksumLength);
  sum.writeUInt32BE(crc32(content, crc32(associated(header, [], belongsTo))));
  return sum;
}

function associated(header: Uint8Array, idBytes: Uint8Array | readonly number[], belongsTo: string): Buffer {
  return Buffer.concat([header, Uint8Array.from(idBytes), Buffer.from(belongsTo)]);
}

function compressionOf(flags: number): Compression | undefined {
  if ((flags & flag.deflate) !== 0) return 'deflate';
  return (flags & flag.zstd) === 0 ? undefined : 'zstd';
}

function toUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The error for sealed bytes that do not open. */
export function damaged(why: string, cause?: unknown): LivefoldError {
  return new LivefoldError(
    'SEALED_DATA_DAMAGED',
    `The sealed bytes cannot be opened: ${why}. Restore them from a backup.`,
    { cause },
  );
}
