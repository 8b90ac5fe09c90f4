import type { ErrorFields, LivefoldError } from '../kernel/errors.ts';

/** What a client is told of an error. */
export type PublicError = { readonly code: string; readonly message: string; readonly facts: ErrorFields };

type Disclosure = {
  readonly code: string;
  /** Which of the error's fields a client may see. */
  readonly fields?: readonly string[];
  /** Said in place of the error's own message, where that speaks of the inside. */
  readonly message?: string;
};

const badInput: Disclosure = { code: 'BAD_USER_INPUT', fields: ['issues'] };
const unreachable = 'The service cannot reach its database at the moment: try again shortly.';
const uncheckable = 'Tokens cannot be checked at the moment: try again shortly.';
const outdated = 'This server is older than what is stored: try again, another one will answer.';
const unwritable = 'The service can store nothing at the moment: try again later.';
const forgotten = 'The command was rejected: it is about a person who was forgotten.';
const stopped = 'The operation was stopped before it finished: try again.';

/** By our own code. What is not listed stays inside. */
const disclosures: ReadonlyMap<string, Disclosure> = new Map([
  ['BAD_USER_INPUT', badInput],
  ['INVALID_APPEND', badInput],
  ['INVALID_EVENT', badInput],
  ['INVALID_DECIMAL', badInput],
  ['INVALID_VALUE', badInput],
  ['COMMAND_REJECTED', { code: 'COMMAND_REJECTED', fields: ['reason'] }],
  ['SUBJECT_FORGOTTEN', { code: 'COMMAND_REJECTED', message: forgotten }],
  ['CONCURRENCY_CONFLICT', { code: 'CONCURRENCY_CONFLICT' }],
  ['COMMAND_ID_REUSED', { code: 'COMMAND_ID_REUSED' }],
  ['PROJECTION_LAGGING', { code: 'PROJECTION_LAGGING', fields: ['projection', 'position', 'atLeast'] }],
  ['TOO_COSTLY', { code: 'TOO_COSTLY', fields: ['mostEvents'] }],
  ['RATE_LIMITED', { code: 'RATE_LIMITED', fields: ['retryAfter'] }],
  ['TIMED_OUT', { code: 'TIMED_OUT' }],
  ['NOT_FOUND', { code: 'NOT_FOUND' }],
  ['UNAUTHENTICATED', { code: 'UNAUTHENTICATED' }],
  ['FORBIDDEN', { code: 'FORBIDDEN' }],
  ['JWKS_UNAVAILABLE', { code: 'UNAVAILABLE', message: uncheckable }],
  ['DATABASE_UNAVAILABLE', { code: 'UNAVAILABLE', message: unreachable }],
  ['UNKNOWN_EVENT_VERSION', { code: 'UNAVAILABLE', message: outdated }],
  ['STORE_FULL', { code: 'UNAVAILABLE', message: unwritable }],
  ['STORE_READ_ONLY', { code: 'UNAVAILABLE', message: unwritable }],
  ['ABORTED', { code: 'UNAVAILABLE', message: stopped }],
]);

/** What a client may know of one of our errors; nothing where its code is no client's business. */
export function publicErrorOf(error: LivefoldError): PublicError | undefined {
  const disclosure = disclosures.get(error.code);
  if (disclosure === undefined) return undefined;
  const { code, fields = [], message = error.message } = disclosure;
  const facts = Object.entries(error.fields).filter(([name]) => fields.includes(name));
  return { code, message, facts: Object.fromEntries(facts) };
}
