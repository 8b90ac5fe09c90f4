import type { StoredEvent } from '../domain/event.ts';
import { isLivefoldError, LivefoldError } from '../kernel/errors.ts';
import type { AnyProjection } from './projection.ts';

/** Errors of ours that say nothing about an event or a row: they go away by themselves, or with another program. */
const passing: ReadonlySet<string> = new Set([
  'ABORTED',
  'DATABASE_UNAVAILABLE',
  'STORE_FULL',
  'STORE_READ_ONLY',
  // A newer program that is up beside this one knows the event, and takes the work over.
  'UNKNOWN_EVENT_VERSION',
]);

/** What is wrong with a key or a row, in our words: all of it may be stored and shown. */
const ours: ReadonlySet<string> = new Set([
  'INVALID_KEY',
  'INVALID_ROW',
  'ROW_REFUSED',
  'HANDLER_FAILED',
  'FOLD_TIMED_OUT',
]);

type Where = { readonly projection: string; readonly event: StoredEvent; readonly key?: string };

/**
 * What a handler threw, as the fault of the event that it met.
 *
 * @throws what it was given, where that says nothing about the event
 */
export function faultOf(
  error: unknown,
  { projection, event: { type, position }, key }: Where,
): LivefoldError {
  if (isPassing(error)) throw error;
  if (isFault(error)) return error;
  return new LivefoldError(
    'HANDLER_FAILED',
    `The handler of the projection "${projection}" for ${type} threw ${describeThrown(error)} at position ${position}.`,
    { cause: error, fields: { projection, type, position, key } },
  );
}

/** The fault of an event at which a handler did not return. */
export function timedOut(
  { name, timeout }: AnyProjection,
  { type, position }: StoredEvent,
  key?: string,
): LivefoldError {
  return new LivefoldError(
    'FOLD_TIMED_OUT',
    `The handler of the projection "${name}" for ${type} did not return within ${timeout} ms at position ${position}, and was broken off.`,
    { fields: { projection: name, type, position, key } },
  );
}

/**
 * Has the projection decide about a fault; returns when the event is to be parked.
 *
 * @throws LivefoldError the fault, where everything is to be tried again
 * @throws LivefoldError `PROJECTION_STOPPED` where the projection is to stand still
 */
export function judgeFault(
  { name, onError }: Pick<AnyProjection, 'name' | 'onError'>,
  fault: LivefoldError,
): void {
  const decision = onError?.(fault) ?? 'park';
  if (decision === 'park') return;
  if (decision === 'retry') throw fault;
  throw new LivefoldError(
    'PROJECTION_STOPPED',
    `${fault.message} The projection "${name}" stops at such an error: mend it and start again.`,
    { cause: fault },
  );
}

/** Whether an error says nothing about an event or a row. */
export function isPassing(error: unknown): boolean {
  return error instanceof LivefoldError && passing.has(error.code);
}

/** Whether an error says what is wrong with an event, a key or a row. */
export function isFault(error: unknown): error is LivefoldError {
  return error instanceof LivefoldError && ours.has(error.code);
}

/** Whether a projection is to stand still over an error. */
export function isStop(error: unknown): error is LivefoldError {
  return isLivefoldError(error, 'PROJECTION_STOPPED');
}

/**
 * A fault as it is stored: its code and what we say of it. Never the message of the error behind it, which may quote personal data that is
 * to be forgotten one day; the log has that.
 */
export function describeFault({ code, message }: LivefoldError): string {
  return `${code}: ${message}`;
}

/** What kind of error it is and where it was thrown, without its message. */
export function describeThrown(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no error';
  // Of its class, which is code: what the error itself calls itself is the handler's to say.
  const name = error instanceof LivefoldError ? error.code : error.constructor.name;
  const { stack = '', message } = error;
  // The stack begins with the message, whose lines may look like places too.
  const start = stack.indexOf(message);
  const frames = start < 0 ? '' : stack.slice(start + message.length);
  const [, place] = /([^/\\\s()]+\.[cm]?[jt]s:\d+:\d+)/.exec(frames) ?? [];
  return `${/^\w+$/.test(name) ? name : 'an error'}${place === undefined ? '' : ` (${place})`}`;
}
