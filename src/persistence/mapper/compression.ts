import { deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** `deflate` (raw, RFC 1951) costs less and suits events; `zstd` (RFC 8878) makes large ones smaller. */
export type Compression = 'deflate' | 'zstd';

/** So much may come out of compressed bytes, and so much may go in: damaged or hostile ones cannot take all memory. */
export const mostContent = 16 * 1024 * 1024;

/** The window that most events fit into: setting up the usual one, of 32 KiB, is a quarter of the time for 500 bytes of JSON. */
const windowBits = 12;

const methods = {
  deflate: { compress: deflate, expand: inflateRawSync },
  zstd: { compress: zstdCompressSync, expand: zstdDecompressSync },
};

/** The bytes compressed, or `undefined` where that makes them no smaller. */
export function compress(content: Uint8Array, method: Compression): Uint8Array | undefined {
  if (content.length > mostContent) return undefined;
  const compressed = methods[method].compress(content);
  return compressed.length < content.length ? compressed : undefined;
}

/** What was compressed; throws for bytes that are damaged, or that expand beyond the bound. */
export function expand(compressed: Uint8Array, method: Compression): Uint8Array {
  return methods[method].expand(compressed, { maxOutputLength: mostContent });
}

function deflate(content: Uint8Array): Uint8Array {
  if (content.length > 2 ** windowBits) return deflateRawSync(content);
  // What comes out is no longer than what goes in, or it is of no use.
  return deflateRawSync(content, { windowBits, memLevel: 5, chunkSize: Math.max(64, content.length) });
}
