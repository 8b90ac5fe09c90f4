import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { isLivefoldError, LivefoldError } from '../kernel/errors.ts';

/**
 * The lines of a text file, unpacked where its name ends in `.gz`.
 *
 * @throws LivefoldError `ARCHIVE_UNREADABLE` when the file cannot be read or unpacked
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const bytes = isPacked(path) ? file.pipe(createGunzip()) : file;
  // `pipe` passes no errors on.
  file.on('error', (error) => bytes.destroy(error));
  try {
    yield* splitLines(bytes.setEncoding('utf8'));
  } catch (cause) {
    throw failed('ARCHIVE_UNREADABLE', `The file ${path} cannot be read`, { cause, path });
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
 * @throws LivefoldError `ARCHIVE_UNWRITABLE`, also when whoever reads standard output goes away
 */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const what = path === '-' ? 'Standard output' : `The file ${path}`;
  try {
    const texts = Readable.from(withLineEnds(lines));
    if (path === '-') await pipeline(texts, process.stdout, { end: false });
    else if (await isReplaceable(path)) await writeBeside(path, texts);
    else await writeTo(path, texts, isPacked(path));
  } catch (cause) {
    // What the log itself threw is no fault of the file.
    if (isLivefoldError(cause)) throw cause;
    throw failed('ARCHIVE_UNWRITABLE', `${what} cannot be written`, { cause, path });
  }
}

/** Under another name first: a file of this name is whole, whatever happens on the way. */
async function writeBeside(path: string, texts: Readable): Promise<void> {
  const part = `${path}.part`;
  try {
    await writeTo(part, texts, isPacked(path));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function writeTo(path: string, texts: Readable, packed: boolean): Promise<void> {
  const file = createWriteStream(path);
  await (packed ? pipeline(texts, createGzip(), file) : pipeline(texts, file));
}

/** A device or a named pipe is written to, not replaced by a file. */
async function isReplaceable(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return true;
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

function isPacked(path: string): boolean {
  return path.endsWith('.gz');
}

function failed(
  code: string,
  what: string,
  { cause, path }: { readonly cause: unknown; readonly path: string },
): LivefoldError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new LivefoldError(code, `${what}: ${why}.`, { cause, fields: { path } });
}
