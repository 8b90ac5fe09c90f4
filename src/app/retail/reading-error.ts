import { LivefoldError } from '../../kernel/errors.ts';

/** Where reading stood when it had to stop. */
export type ReadingPlace = {
  readonly file: string;
  /** The line that could not be read, from 1. */
  readonly line: number;
  /** Accepted rows of invoices that might have gone on. They were not handed over. */
  readonly heldBackRows: number;
  readonly heldBackInvoices: number;
};

/**
 * What went wrong in a file, as ours, with the place in its fields: `RETAIL_FILE_DAMAGED` (gzip that is cut off or
 * corrupt), `RETAIL_FILE_NOT_FOUND`, `RETAIL_FILE_UNREADABLE`, or our own error as it was.
 */
export function readingError(cause: unknown, place: ReadingPlace): LivefoldError {
  const { code, message } = describeFileError(cause, place.file);
  const fields = { ...(cause instanceof LivefoldError ? cause.fields : {}), ...place };
  const where = place.line > 1 ? ` Reading stopped at line ${place.line}.` : '';
  return new LivefoldError(code, message + where + describeHeldBack(place), { fields, cause });
}

/** The code and the sentence for what the system, zlib or Livefold says about a file. */
export function describeFileError(
  cause: unknown,
  file: string,
): { readonly code: string; readonly message: string } {
  if (cause instanceof LivefoldError) return cause;
  const systemCode = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  if (systemCode === 'ENOENT') return { code: 'RETAIL_FILE_NOT_FOUND', message: `There is no file ${file}.` };
  if (systemCode.startsWith('Z_')) {
    return {
      code: 'RETAIL_FILE_DAMAGED',
      message: `${file} is damaged: its gzip data is cut off or corrupt.`,
    };
  }
  return { code: 'RETAIL_FILE_UNREADABLE', message: `${file} cannot be read (${systemCode}).` };
}

function describeHeldBack({ heldBackRows, heldBackInvoices }: ReadingPlace): string {
  if (heldBackRows === 0) return '';
  return ` ${heldBackRows} rows before it, of ${heldBackInvoices} invoices that may go on after it, were held back: run again with the whole file.`;
}
