import { LivefoldError } from '../../kernel/errors.ts';
import type { CsvRecord } from './csv-tokenizer.ts';
import type { InvoiceWindow } from './invoice-window.ts';
import { judgeRow } from './judge-row.ts';
import { type ColumnOrder, readHeader } from './retail-columns.ts';
import type { RejectReason, RetailItem } from './retail-item.ts';

/** One file's records on their way into the window: the first is the header, each other one a row. */
export class RetailFile {
  readonly #file: string;
  readonly #window: InvoiceWindow;
  #order: ColumnOrder | undefined;

  constructor(file: string, window: InvoiceWindow) {
    this.#file = file;
    this.#window = window;
  }

  /** What these records settle: documents that end before them, rows that are rejected. */
  take(records: readonly CsvRecord[]): readonly RetailItem[] {
    const items: RetailItem[] = [];
    for (const record of records) {
      if (this.#order === undefined)
        this.#order = readHeader('cells' in record ? record.cells : [record.raw], this.#file);
      else this.#takeRow(record, this.#order, items);
    }
    return items;
  }

  /** The file has ended. Throws `RETAIL_FILE_EMPTY` when it had not even a header. */
  end(): void {
    if (this.#order !== undefined) return;
    throw new LivefoldError('RETAIL_FILE_EMPTY', `${this.#file} is empty.`, { fields: { file: this.#file } });
  }

  #takeRow(record: CsvRecord, order: ColumnOrder, items: RetailItem[]): void {
    items.push(...this.#window.advance());
    const reason = this.#judge(record, order);
    if (reason === null) return;
    items.push({ kind: 'rejected', file: this.#file, line: record.line, reason, raw: record.raw });
  }

  #judge(record: CsvRecord, order: ColumnOrder): RejectReason | null {
    if ('fault' in record) return record.fault;
    const verdict = judgeRow(record.cells, order);
    if (typeof verdict !== 'string') return this.#window.add(verdict, record.line);
    this.#window.touch(record.cells[order.InvoiceNo] ?? '');
    return verdict;
  }
}
