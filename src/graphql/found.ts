import { LivefoldError } from '../kernel/errors.ts';

/** A row that must be there, since the table has passed the position that wrote it. */
export function found<Row>(row: Row | null | undefined): Row {
  if (row === null || row === undefined)
    throw new LivefoldError(
      'NOT_FOUND',
      'It was stored, and is gone already: it may have been changed since.',
    );
  return row;
}
