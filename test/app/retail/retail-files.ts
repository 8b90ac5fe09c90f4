import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRetail } from '../../../src/app/retail/read-retail.ts';
import type { RetailDocument, RetailItem, RetailRejection } from '../../../src/app/retail/retail-item.ts';

export const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

export type Cells = {
  readonly invoice?: string;
  readonly stockCode?: string;
  readonly description?: string;
  readonly quantity?: string;
  readonly date?: string;
  readonly price?: string;
  readonly customer?: string;
  readonly country?: string;
};

/** One row as the format writes it; a good sale row where nothing else is said. */
export function row(cells: Cells = {}): string {
  return [
    cells.invoice ?? '536365',
    cells.stockCode ?? '85123A',
    cells.description ?? 'WHITE HANGING HEART T-LIGHT HOLDER',
    cells.quantity ?? '6',
    cells.date ?? '2010-12-01 08:26:00',
    cells.price ?? '2.55',
    cells.customer ?? '17850.0',
    cells.country ?? 'United Kingdom',
  ].join(',');
}

/** A file's text: the header and these rows, each with its line end. */
export function fileOf(...rows: readonly string[]): string {
  return [HEADER, ...rows].map((line) => `${line}\n`).join('');
}

/** So many sale rows, each an invoice of its own. */
export function otherInvoices(count: number, first = 700_000): readonly string[] {
  return Array.from({ length: count }, (_, index) => row({ invoice: String(first + index) }));
}

/** A folder that goes away with the test. */
export class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), 'livefold-retail-')));
  }

  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, content);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

export type Outcome = {
  readonly documents: readonly RetailDocument[];
  readonly rejections: readonly RetailRejection[];
  readonly error: unknown;
};

/** Everything that reading gives, up to its end or its error. */
export async function outcomeOf(items: AsyncIterable<RetailItem>): Promise<Outcome> {
  const documents: RetailDocument[] = [];
  const rejections: RetailRejection[] = [];
  try {
    for await (const item of items) {
      if (item.kind === 'rejected') rejections.push(item);
      else documents.push(item);
    }
  } catch (error) {
    return { documents, rejections, error };
  }
  return { documents, rejections, error: undefined };
}

/** What reading these contents gives, each as a file of its own. */
export async function readContents(...contents: readonly (string | Uint8Array)[]): Promise<Outcome> {
  await using folder = await Folder.create();
  const files: string[] = [];
  for (const [index, content] of contents.entries()) files.push(await folder.write(`${index}.csv`, content));
  return await outcomeOf(readRetail(files));
}

/** The accepted rows of an outcome and its rejections: all rows that were read. */
export function rowsIn({ documents, rejections }: Outcome): number {
  return documents.reduce((rows, document) => rows + document.rows, rejections.length);
}
