import { type FileHandle, open } from 'node:fs/promises';
import { LivefoldError } from '../../kernel/errors.ts';
import type { RetailRejection } from './retail-item.ts';

/** A write to disk for every rejected row would set the pace of an import of dirty files. */
const FLUSH_LENGTH = 65_536;
const HEADER = 'file,line,reason,row\n';
const NEEDS_QUOTES = /[",\r\n]/;

/**
 * A CSV file of rejected rows: `file,line,reason,row`, where `row` is the whole rejected row as one cell. Open it
 * with `await using`, so that it is complete even when the import fails. Every method throws
 * `RETAIL_REJECTS_NOT_WRITABLE` when the disk refuses.
 */
export class RejectsFile implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: FileHandle;
  #pending = HEADER;
  #isClosed = false;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** Creates the file, or empties it: each import tells its own rejections. */
  static async create(path: string): Promise<RejectsFile> {
    return new RejectsFile(path, await refusalsTold(path, open(path, 'w')));
  }

  /** Adds a rejected row. Await it before the next: it waits for the disk when enough has gathered. */
  async write({ file, line, reason, raw }: RetailRejection): Promise<void> {
    this.#pending += `${encodeCell(file)},${line},${reason},${encodeCell(raw)}\n`;
    if (this.#pending.length >= FLUSH_LENGTH) await this.#flush();
  }

  /** Writes what is left and closes the file. Closing twice is closing once. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#flush();
    } finally {
      await refusalsTold(this.#path, this.#handle.close());
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    await refusalsTold(this.#path, this.#handle.appendFile(text));
  }
}

function encodeCell(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function refusalsTold<T>(path: string, writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (cause) {
    const message = `The rejects file ${path} cannot be written: check that its folder exists and has room.`;
    throw new LivefoldError('RETAIL_REJECTS_NOT_WRITABLE', message, { fields: { path }, cause });
  }
}
