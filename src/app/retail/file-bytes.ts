import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { gunzip } from './gunzip.ts';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const CHUNK_BYTES = 131_072;

/** The content of a file, unpacked where its first bytes (not its name) say gzip. `onRead` hears bytes of the file read so far. */
export async function* readFileBytes(
  file: string,
  options: { readonly signal: AbortSignal | undefined; readonly onRead: (bytes: number) => void },
): AsyncGenerator<Buffer> {
  const isGzip = await startsAsGzip(file);
  const source = createReadStream(file, { highWaterMark: CHUNK_BYTES, signal: options.signal });
  for await (const bytes of isGzip ? gunzip(source) : source) {
    yield bytes;
    options.onRead(source.bytesRead);
  }
}

async function startsAsGzip(file: string): Promise<boolean> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(GZIP_MAGIC.length), 0, GZIP_MAGIC.length, 0);
  return bytesRead === GZIP_MAGIC.length && buffer.equals(GZIP_MAGIC);
}
