import { mostLines } from '../most-lines.ts';
import { InvoiceNumbers } from './invoice-numbers.ts';
import type { RetailRow } from './judge-row.ts';
import type { RejectReason, RetailDocument, RetailLine } from './retail-item.ts';

/** How many rows of other invoices may stand between two rows of one. */
export const MAX_ROWS_BETWEEN = 1_000;

/**
 * Most rows in one document: as many as an order has lines. Without a limit, one that fills a file would have to be held
 * whole.
 */
export const MAX_DOCUMENT_ROWS = mostLines;

type OpenInvoice = { readonly first: RetailRow; readonly lines: RetailLine[]; lastRow: number };

/** Collects rows into documents. It holds only the invoices that may still go on: each had a row among the last 1,002. */
export class InvoiceWindow {
  /** By last row, oldest first, so only the first can be due. */
  readonly #open = new Map<string, OpenInvoice>();
  readonly #closed = new InvoiceNumbers();
  #row = 0;

  /** How many invoices may still go on. */
  get openInvoices(): number {
    return this.#open.size;
  }

  /** How many accepted rows those have. */
  get openRows(): number {
    return this.#open.values().reduce((rows, { lines }) => rows + lines.length, 0);
  }

  /** Counts one row of the input, taken or not, and returns the documents that thereby can have no more rows. */
  advance(): readonly RetailDocument[] {
    this.#row += 1;
    const due: RetailDocument[] = [];
    for (const [invoice, open] of this.#open) {
      if (this.#row - open.lastRow <= MAX_ROWS_BETWEEN + 1) break;
      due.push(this.#close(invoice, open));
    }
    return due;
  }

  /** Notes that the row just counted is this invoice's, taken or not. Returns the invoice while it is open. */
  touch(invoice: string): OpenInvoice | undefined {
    const open = this.#open.get(invoice);
    if (open === undefined) return undefined;
    // Rows of one invoice mostly follow each other: where the row before was its own, it stands last already.
    if (open.lastRow < this.#row - 1) {
      this.#open.delete(invoice);
      this.#open.set(invoice, open);
    }
    open.lastRow = this.#row;
    return open;
  }

  /** Puts the row into its document, or says why it cannot go there. */
  add(row: RetailRow, line: number): RejectReason | null {
    const open = this.touch(row.invoice);
    if (open === undefined && this.#closed.has(row.invoice)) return 'INVOICE_REOPENED';
    if (open !== undefined && open.lines.length >= MAX_DOCUMENT_ROWS) return 'INVOICE_TOO_LONG';
    const { stockCode, description, quantity, unitPrice } = row;
    const added = { stockCode, description, quantity, unitPrice, line };
    if (open !== undefined) open.lines.push(added);
    else this.#open.set(row.invoice, { first: row, lines: [added], lastRow: this.#row });
    return null;
  }

  /** Closes all that is open: the input has ended. */
  drain(): readonly RetailDocument[] {
    return [...this.#open].map(([invoice, open]) => this.#close(invoice, open));
  }

  #close(invoice: string, { first, lines }: OpenInvoice): RetailDocument {
    this.#open.delete(invoice);
    this.#closed.add(invoice);
    const { kind, customerId, country } = first;
    return { kind, invoice, time: new Date(first.time), customerId, country, lines, rows: lines.length };
  }
}
