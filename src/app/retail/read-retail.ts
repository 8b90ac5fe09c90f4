import { throwIfAborted } from '../../kernel/async.ts';
import { CsvTokenizer } from './csv-tokenizer.ts';
import { readFileBytes } from './file-bytes.ts';
import { InvoiceWindow } from './invoice-window.ts';
import { measureFiles } from './measure-files.ts';
import { readingError } from './reading-error.ts';
import { RetailFile } from './retail-file.ts';
import type { RetailItem } from './retail-item.ts';

/** How to read, beside what. */
export type ReadRetailOptions = {
  readonly signal?: AbortSignal;
  /** Hears how much of the files, as they lie on disk, has been read. */
  readonly onProgress?: (bytesRead: number, bytesTotal: number) => void;
};

/**
 * Reads files in the UCI Online Retail format, plain or gzip, as one sequence of rows, and yields one item per invoice
 * and one per rejected row: the rows of all documents and the rejections together are the rows read. It holds only
 * the invoices of the last 1,002 rows.
 *
 * Throws `RETAIL_FILE_NOT_FOUND`, `RETAIL_FILE_UNREADABLE`, `RETAIL_FILE_REPEATED` before the first item;
 * `RETAIL_FILE_EMPTY`, `RETAIL_COLUMNS_WRONG`, `RETAIL_FILE_DAMAGED` where reading comes to it; `ABORTED` when
 * stopped. Invoices that might have gone on are then held back, for half an order would be stored for good under
 * its invoice's command id; the error's fields count them (`heldBackRows`, `heldBackInvoices`).
 */
export async function* readRetail(
  files: readonly string[],
  options: ReadRetailOptions = {},
): AsyncGenerator<RetailItem, void> {
  const bytesTotal = await measureFiles(files);
  const window = new InvoiceWindow();
  let bytesBefore = 0;
  for (const file of files) {
    let bytes = 0;
    const onRead = (read: number) => {
      bytes = read;
      options.onProgress?.(bytesBefore + read, bytesTotal);
    };
    yield* readOne(file, window, { signal: options.signal, onRead });
    bytesBefore += bytes;
  }
  yield* handOver(window.drain(), options.signal);
}

type Reading = { readonly signal: AbortSignal | undefined; readonly onRead: (bytes: number) => void };

async function* readOne(
  file: string,
  window: InvoiceWindow,
  reading: Reading,
): AsyncGenerator<RetailItem, void> {
  const tokenizer = new CsvTokenizer();
  const retailFile = new RetailFile(file, window);
  try {
    for await (const bytes of readFileBytes(file, reading)) {
      yield* handOver(retailFile.take(tokenizer.push(bytes)), reading.signal);
    }
    yield* handOver(retailFile.take(tokenizer.end()), reading.signal);
    retailFile.end();
  } catch (cause) {
    throwIfAborted(reading.signal);
    const held = { heldBackRows: window.openRows, heldBackInvoices: window.openInvoices };
    throw readingError(cause, { file, line: tokenizer.line, ...held });
  }
}

/** One by one, each only while nobody has said stop. */
async function* handOver(
  items: readonly RetailItem[],
  signal: AbortSignal | undefined,
): AsyncGenerator<RetailItem, void> {
  for (const item of items) {
    throwIfAborted(signal);
    yield item;
  }
}
