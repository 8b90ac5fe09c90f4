import { type ErrorFields, LivefoldError } from '../../../kernel/errors.ts';

const WAY_OUT = 'Set DATABASE_URL to a PostgreSQL server (15 or newer) to use that one instead.';

/** There is no PostgreSQL that could be run here. */
export function engineMissing(reason: string, cause?: unknown): LivefoldError {
  return new LivefoldError(
    'DATABASE_ENGINE_MISSING',
    `Livefold has no PostgreSQL of its own to start: ${reason} ${WAY_OUT}`,
    { cause },
  );
}

/** There is one, but it did not do what it was told. */
export function engineFailed(reason: string, fields: ErrorFields, cause?: unknown): LivefoldError {
  return new LivefoldError(
    'DATABASE_ENGINE_FAILED',
    `Livefold's own PostgreSQL failed: ${reason} ${WAY_OUT}`,
    { fields, cause },
  );
}
