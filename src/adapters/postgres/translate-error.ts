import { LivefoldError, rootCause } from '../../kernel/errors.ts';
import type { AppendItem } from '../../persistence/event-store.ts';
import { appendConflict } from '../../persistence/refusals.ts';

/** The SQLSTATE or the driver's own code of an error; Drizzle wraps both in an error whose message is the SQL. */
export function databaseCode(error: unknown): string | undefined {
  const cause = rootCause(error);
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html, classes 08, 53 and 57, and postgres.js's and Node's own codes.
// Of class 53 all but a full disk, which does not go away by trying again. 57014 is a query that was cancelled, by whomever: where we did so
// ourselves nobody reads its error, but a cancellation that comes late may meet the connection's next query.
const UNAVAILABLE =
  /^(08...|53(?!100)...|57014|57P0[1-5]|CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|ENOENT)$/;

/** The codes with which Postgres says that nothing at all can be written, and what to do about each. */
const UNWRITABLE: Readonly<Record<string, readonly [code: string, advice: string]>> = {
  '25006': [
    'STORE_READ_ONLY',
    'The transaction or the server is read-only, a standby for example: use one that takes writes.',
  ],
  '53100': ['STORE_FULL', "The server's disk is full: make room. What was stored before is safe."],
};

/** Whether an error says that the database can write nothing at all, whatever it is given. */
export function isUnwritable(error: unknown): boolean {
  return (databaseCode(error) ?? '') in UNWRITABLE;
}

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
  const unwritable = UNWRITABLE[code ?? ''];
  if (unwritable !== undefined) {
    const [ours, advice] = unwritable;
    return new LivefoldError(ours, `The database refused ${doing}: ${message}. ${advice}`, {
      cause: error,
      fields: { code },
    });
  }
  return new LivefoldError('DATABASE_ERROR', `The database refused ${doing}: ${message}`, {
    cause: error,
    fields: { code },
  });
}

/** What an append can meet whose transaction sees the log as it was before: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html */
const CONFLICTS: Readonly<Record<string, string>> = {
  '23505': 'an event with one of these ids, or in its place, is in the log already',
  '40001': 'another transaction wrote what this one has read',
};

/** The conflict that a driver's error means for what was to be appended; `undefined` for another error. */
export function conflictOf(item: AppendItem, error: unknown): LivefoldError | undefined {
  const why = CONFLICTS[databaseCode(error) ?? ''];
  return why === undefined ? undefined : appendConflict(item, why, error);
}

/** Runs work whose driver errors become ours; `doing` completes "The database refused …". */
export async function translated<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateError(error, doing);
  }
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
