import { parseInvoiceDate } from './invoice-date.ts';
import { type ColumnOrder, RETAIL_COLUMNS } from './retail-columns.ts';
import type { RejectReason } from './retail-item.ts';

/** A row that was taken, its values read. */
export type RetailRow = {
  readonly kind: 'sale' | 'return';
  readonly invoice: string;
  readonly stockCode: string;
  readonly description: string;
  /** Positive, in returns too. */
  readonly quantity: number;
  readonly time: number;
  readonly unitPrice: string;
  readonly customerId: string | null;
  readonly country: string;
};

/**
 * Longest cell in characters. Invoice and stock code become parts of stream ids, which hold 255; the longest
 * description of December 2010 has 35.
 */
export const MAX_CELL_LENGTH = 200;

const SALE = /^\d+$/;
const RETURN = /^C\d+$/;
// Nine digits fit every integer column; the largest quantity of December 2010 has four.
const QUANTITY = /^-?\d{1,9}$/;
const PRICE = /^-?\d{1,12}(?:\.(\d+))?$/;
const CUSTOMER = /^(\d+)(?:\.0)?$/;
const MAX_PRICE_DECIMALS = 4;

/** Takes a row or says why not. It stands for itself: no other row matters. */
export function judgeRow(cells: readonly string[], order: ColumnOrder): RetailRow | RejectReason {
  if (cells.length !== RETAIL_COLUMNS.length || cells.some(isUnfit)) return 'MALFORMED_ROW';
  const cell = (name: keyof ColumnOrder) => cells[order[name]] ?? '';
  const invoice = cell('InvoiceNo');
  const kind = kindOf(invoice);
  if (kind === null) return 'UNKNOWN_INVOICE_KIND';
  const time = parseInvoiceDate(cell('InvoiceDate'));
  const customerId = readCustomer(cell('CustomerID'));
  if (time === null || customerId === undefined) return 'MALFORMED_ROW';
  const stockCode = cell('StockCode');
  if (stockCode.trim() === '') return 'MISSING_STOCK_CODE';
  const unitPrice = cell('UnitPrice');
  const reason = judgeQuantity(cell('Quantity'), kind) ?? judgePrice(unitPrice);
  if (reason !== null) return reason;
  const quantity = Math.abs(Number(cell('Quantity')));
  return {
    kind,
    invoice,
    stockCode,
    description: cell('Description'),
    quantity,
    time,
    unitPrice,
    customerId,
    country: cell('Country'),
  };
}

/** Postgres text holds no NUL. */
function isUnfit(cell: string): boolean {
  return cell.length > MAX_CELL_LENGTH || cell.includes('\0');
}

function kindOf(invoice: string): 'sale' | 'return' | null {
  if (SALE.test(invoice)) return 'sale';
  return RETURN.test(invoice) ? 'return' : null;
}

/** `null` is a guest; `undefined` no customer number at all. The data set writes 17850 as `17850.0`. */
function readCustomer(text: string): string | null | undefined {
  return text === '' ? null : CUSTOMER.exec(text)?.[1];
}

function judgeQuantity(text: string, kind: 'sale' | 'return'): RejectReason | null {
  if (!QUANTITY.test(text)) return 'MALFORMED_ROW';
  const quantity = Number(text);
  if (kind === 'sale') return quantity > 0 ? null : 'SALE_QUANTITY_NOT_POSITIVE';
  return quantity < 0 ? null : 'RETURN_QUANTITY_NOT_NEGATIVE';
}

function judgePrice(text: string): RejectReason | null {
  const match = PRICE.exec(text);
  if (match === null) return 'MALFORMED_ROW';
  if (text.startsWith('-')) return 'NEGATIVE_PRICE';
  const decimals = match[1]?.length ?? 0;
  return decimals > MAX_PRICE_DECIMALS ? 'PRICE_TOO_PRECISE' : null;
}
