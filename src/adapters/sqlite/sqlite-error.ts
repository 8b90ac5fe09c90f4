import { LivefoldError } from '../../kernel/errors.ts';

// https://www.sqlite.org/rescode.html, the low byte of an extended result code.
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const CONSTRAINT = 19;
const NOTADB = 26;

type Translation = { readonly code: string; readonly advice: string };

const damaged: Translation = {
  code: 'STORE_DAMAGED',
  advice:
    'it is damaged or no database at all: take a backup back, or see what `sqlite3 FILE .recover` saves',
};
const busy: Translation = {
  code: 'STORE_BUSY',
  advice: 'another writer has held its lock for too long: try again, or look which process that is',
};
const translations: Readonly<Record<number, Translation>> = {
  [BUSY]: busy,
  [LOCKED]: busy,
  [READONLY]: {
    code: 'STORE_READ_ONLY',
    advice:
      'it can only be read: open it without `readOnly`, and let this user write to the file and its folder',
  },
  [CORRUPT]: damaged,
  [NOTADB]: damaged,
  [FULL]: {
    code: 'STORE_FULL',
    advice: 'there is no space left, and nothing of this was stored: make some and try again',
  },
  [CANTOPEN]: {
    code: 'DATABASE_UNAVAILABLE',
    advice: 'it cannot be opened: its folder has to exist, and this user has to be let into it',
  },
};

/** Our error for SQLite's, naming the file and what to do. Ours pass through as they are. */
export function translateSqliteError(error: unknown, path: string, doing: string): LivefoldError {
  if (error instanceof LivefoldError) return error;
  const result = resultOf(error);
  const said = error instanceof Error ? error.message : String(error);
  // Only JSON that somebody else wrote into the file does not parse.
  const translation = error instanceof SyntaxError ? damaged : translations[result & 0xff];
  const { code, advice } = translation ?? { code: 'DATABASE_ERROR', advice: 'SQLite refused it' };
  return new LivefoldError(code, `The file ${path} failed ${doing}: ${advice}. SQLite says "${said}".`, {
    fields: { path, result },
    cause: error,
  });
}

/** Whether somebody else holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return (resultOf(error) & 0xff) === BUSY;
}

/** Whether a row would break a constraint, or what a trigger watches over. */
export function isConstraint(error: unknown): boolean {
  return (resultOf(error) & 0xff) === CONSTRAINT;
}

function resultOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode
    : 0;
}
