/** Why a row was not taken. The code is the contract: it stands in the rejects file. */
export type RejectReason =
  /** Not eight columns, broken quotes, a NUL, a cell that is too long, or one that does not read as its column's kind. */
  | 'MALFORMED_ROW'
  /** The row's bytes are not UTF-8. */
  | 'NOT_UTF8'
  /** The invoice is neither digits (a sale) nor `C` and digits (a return). */
  | 'UNKNOWN_INVOICE_KIND'
  | 'MISSING_STOCK_CODE'
  | 'SALE_QUANTITY_NOT_POSITIVE'
  | 'RETURN_QUANTITY_NOT_NEGATIVE'
  | 'NEGATIVE_PRICE'
  /** More than four decimals: taking it would mean rounding it. */
  | 'PRICE_TOO_PRECISE'
  /** The invoice has more rows than one document may hold. */
  | 'INVOICE_TOO_LONG'
  /** The invoice went on after its document had been handed over: more than 1,000 other rows stood between. */
  | 'INVOICE_REOPENED'
  /** The shop refused the whole document: another order has its number, say. */
  | 'REFUSED_BY_SHOP';

/** One accepted row of a document. */
export type RetailLine = {
  readonly stockCode: string;
  readonly description: string;
  /** A positive integer, in returns too. */
  readonly quantity: number;
  /** A decimal of at most four decimals, as written. */
  readonly unitPrice: string;
  /** Line in its file, from 1 (the header). */
  readonly line: number;
};

/** All accepted rows of one invoice: an order, or a return. */
export type RetailDocument = {
  readonly kind: 'sale' | 'return';
  readonly invoice: string;
  /** Of the first accepted row, as are customer and country. */
  readonly time: Date;
  /** `null` is a guest. */
  readonly customerId: string | null;
  readonly country: string;
  readonly lines: readonly RetailLine[];
  /** How many rows of the input are in it. */
  readonly rows: number;
};

/** One row that was not taken. */
export type RetailRejection = {
  readonly kind: 'rejected';
  readonly file: string;
  /** Line in its file where the row begins, from 1 (the header). */
  readonly line: number;
  readonly reason: RejectReason;
  /** The row as it stands in the file; its beginning where it is longer than any row may be. */
  readonly raw: string;
};

export type RetailItem = RetailDocument | RetailRejection;
