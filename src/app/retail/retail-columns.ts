import { LivefoldError } from '../../kernel/errors.ts';

/** The columns of the UCI Online Retail format, by their names in the header. */
export const RETAIL_COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const;

type RetailColumn = (typeof RETAIL_COLUMNS)[number];

/** Where each column stands in a row. */
export type ColumnOrder = Readonly<Record<RetailColumn, number>>;

/**
 * Reads a file's header: exactly the eight columns, each once, in any order. Throws `RETAIL_COLUMNS_WRONG` with the
 * names that are missing and those that are unknown.
 */
export function readHeader(cells: readonly string[], file: string): ColumnOrder {
  const missing = RETAIL_COLUMNS.filter((name) => !cells.includes(name));
  if (missing.length > 0 || cells.length !== RETAIL_COLUMNS.length) throw wrongColumns(file, missing, cells);
  const at = (name: RetailColumn) => cells.indexOf(name);
  return {
    InvoiceNo: at('InvoiceNo'),
    StockCode: at('StockCode'),
    Description: at('Description'),
    Quantity: at('Quantity'),
    InvoiceDate: at('InvoiceDate'),
    UnitPrice: at('UnitPrice'),
    CustomerID: at('CustomerID'),
    Country: at('Country'),
  };
}

function wrongColumns(file: string, missing: readonly string[], cells: readonly string[]): LivefoldError {
  const message =
    missing.length > 0
      ? `${file} is not in the Online Retail format: its first line lacks ${missing.join(', ')}.`
      : `${file} is not in the Online Retail format: its first line has ${cells.length} columns, not eight.`;
  // A file of another kind may have anything in its first line: enough of it to recognise, no more.
  const found = cells.slice(0, 20).map((cell) => cell.slice(0, 50));
  return new LivefoldError('RETAIL_COLUMNS_WRONG', message, {
    fields: { file, missing, found, expected: RETAIL_COLUMNS },
  });
}
