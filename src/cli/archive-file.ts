import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { LivefoldError } from '../kernel/errors.ts';

/**
 * The lines of a text file, unpacked where its name ends in `.gz`.
 *
 * @throws LivefoldError `ARCHIVE_UNREADABLE` when the file cannot be read or unpacked
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const bytes = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  // `pipe` passes no errors on.
  file.on('error', (error) => bytes.destroy(error));
  try {
    yield* splitLines(bytes.setEncoding('utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LivefoldError('ARCHIVE_UNREADABLE', `The file ${path} cannot be read: ${why}.`, {
      cause,
      fields: { path },
    });
  } finally {
    file.destroy();
  }
}

/** At line feeds alone: Node's readline also splits at U+2028, which JSON leaves as it is. */
async function* splitLines(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const text of texts) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/**
 * Writes lines to a file, packed where its name ends in `.gz`; `-` is standard output. The file is there once it is whole.
 *
 * @throws LivefoldError `ARCHIVE_UNWRITABLE`
 */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const texts = Readable.from(withLineEnds(lines));
  if (path === '-') {
    await pipeline(texts, process.stdout, { end: false });
    return;
  }
  const part = `${path}.part`;
  try {
    const file = createWriteStream(part, { flags: 'w' });
    await (path.endsWith('.gz') ? pipeline(texts, createGzip(), file) : pipeline(texts, file));
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true });
    // What the log itself threw is no fault of the file.
    if (cause instanceof LivefoldError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LivefoldError('ARCHIVE_UNWRITABLE', `The file ${path} cannot be written: ${why}.`, {
      cause,
      fields: { path },
    });
  }
}

/** Several lines in one text: a write for each would take longer than to make them. */
async function* withLineEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let text = '';
  for await (const line of lines) {
    text += `${line}\n`;
    if (text.length < 65_536) continue;
    yield text;
    text = '';
  }
  yield text;
}
