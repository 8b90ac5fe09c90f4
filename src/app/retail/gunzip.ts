import { finished } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** Fewer, larger chunks: zlib's own 16 KiB cost a turn of the event loop each. */
const CHUNK_BYTES = 262_144;

/**
 * Unpacks a gzip stream, of several members too. Unlike a pipe, it hands over all that was unpacked before the fault
 * in a damaged one: a stream that is destroyed by an error drops what its reader has not fetched yet.
 */
export async function* gunzip(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const inflater = createGunzip({ chunkSize: CHUNK_BYTES });
  const ready: Buffer[] = [];
  inflater.on('data', (bytes: Buffer) => ready.push(bytes));
  const ended = finished(inflater, { writable: false });
  // The fault may come while nobody waits: it is thrown at the next wait.
  ended.catch(() => {});
  let packedBytes = 0;
  try {
    for await (const bytes of packed) {
      packedBytes += bytes.length;
      const { promise: written, resolve } = Promise.withResolvers<void>();
      inflater.write(bytes, () => resolve());
      // After a fault or the stream's own end a write is never answered.
      await Promise.race([ended, written]);
      yield* ready.splice(0);
    }
    inflater.end();
    await ended;
    yield* ready.splice(0);
    if (inflater.bytesWritten < packedBytes) throw trailingBytes();
  } catch (error) {
    yield* ready.splice(0);
    throw error;
  } finally {
    inflater.destroy();
  }
}

/** zlib ignores what follows the last member. It may be rows; so it is a fault, coded as zlib codes bytes that are no gzip. */
function trailingBytes(): Error {
  return Object.assign(new Error('There are bytes after the end of the gzip data.'), {
    code: 'Z_DATA_ERROR',
  });
}
