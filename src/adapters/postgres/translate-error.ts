import { LivefoldError, rootCause } from '../../kernel/errors.ts';

/** The SQLSTATE or the driver's own code of an error; Drizzle wraps both in an error whose message is the SQL. */
export function databaseCode(error: unknown): string | undefined {
  const cause = rootCause(error);
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html, classes 08, 53 and 57, and postgres.js's and Node's own codes.
const UNAVAILABLE =
  /^(08...|53...|57P0[1-5]|CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|ENOENT)$/;

/** Whether an error says that the database cannot be reached, rather than that it refused what was asked. */
export function isUnavailable(error: unknown): boolean {
  return UNAVAILABLE.test(databaseCode(error) ?? '');
}

/** Our error for a driver's. Ours pass through as they are. */
export function translateError(error: unknown, doing: string): LivefoldError {
  if (error instanceof LivefoldError) return error;
  const code = databaseCode(error);
  const message = messageOf(error);
  if (isUnavailable(error)) {
    return new LivefoldError(
      'DATABASE_UNAVAILABLE',
      `The database cannot be reached while ${doing}: ${message}. Try again when it is back.`,
      { cause: error, fields: { code } },
    );
  }
  return new LivefoldError('DATABASE_ERROR', `The database refused ${doing}: ${message}`, {
    cause: error,
    fields: { code },
  });
}

/**
 * Our error for a driver's, where what is looked for came from outside: class 22 (data exception) says that no such value
 * can be stored, a text with NUL in it, for example.
 */
export function translateReadError(error: unknown, doing: string): LivefoldError {
  if (error instanceof LivefoldError || databaseCode(error)?.startsWith('22') !== true)
    return translateError(error, doing);
  return new LivefoldError('BAD_USER_INPUT', `A value to look for cannot be one: ${messageOf(error)}.`, {
    cause: error,
  });
}

/** What the server said, without the SQL that Drizzle puts before it. */
export function messageOf(error: unknown): string {
  const cause = rootCause(error);
  return cause instanceof Error ? cause.message : String(cause);
}
