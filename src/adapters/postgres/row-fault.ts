import type { AnyProjection } from '../../consumption/projection.ts';
import { isLivefoldError, LivefoldError, rootCause } from '../../kernel/errors.ts';
import { databaseCode } from './translate-error.ts';

// https://www.postgresql.org/docs/current/errcodes-appendix.html: data exceptions, integrity constraints, check options, limits such as the
// size of an index entry, and what triggers raise.
const aboutRow = /^(22|23|44|54|P0)/;

/** Whether the database refused what was written, or looked for, rather than being unable to do it. */
export function isRowFault(error: unknown): boolean {
  return isLivefoldError(error) ? error.code === 'ROW_REFUSED' : aboutRow.test(databaseCode(error) ?? '');
}

/** The error of a row that cannot be stored. It names code, constraint and column, and never a value: that may be personal data. */
export function rowRefused(
  { name }: Pick<AnyProjection, 'name'>,
  { cause, why = describe(cause) }: { readonly cause: unknown; readonly why?: string },
): LivefoldError {
  if (isLivefoldError(cause, 'ROW_REFUSED')) return cause;
  const fields = { projection: name, code: databaseCode(cause) };
  return new LivefoldError('ROW_REFUSED', `The database refuses a row of the projection "${name}": ${why}.`, {
    cause,
    fields,
  });
}

function describe(error: unknown): string {
  const cause = rootCause(error);
  const said = (field: string): string | undefined => {
    const value: unknown = cause instanceof Error ? Reflect.get(cause, field) : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const constraint = said('constraint_name');
  const column = said('column_name');
  const where = [
    ...(constraint === undefined ? [] : [`constraint "${constraint}"`]),
    ...(column === undefined ? [] : [`column "${column}"`]),
  ];
  return `SQLSTATE ${databaseCode(error)}${where.length === 0 ? '' : `, ${where.join(', ')}`}`;
}
