import type { StoredEvent } from '../domain/event.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { describeThrown, isPassing } from './fault.ts';

/** What process managers meet besides that says nothing about an event: who tries again may have better luck. */
const passing: ReadonlySet<string> = new Set([
  'CONCURRENCY_CONFLICT',
  'COMMAND_TIMED_OUT',
  'STORE_BUSY',
  'LEASE_LOST',
]);

/** Ours, in words that may be stored and shown. */
const ours: ReadonlySet<string> = new Set([
  'INVALID_KEY',
  'INVALID_REACTION',
  'PROCESS_RESTLESS',
  'REACTION_TIMED_OUT',
]);

/** What a process reacts to: an event, or a timer, which has no place in the log. */
export type Happening = Pick<StoredEvent, 'type' | 'position'>;

/** A timer as what happens: no event is at position 0. */
export const timerFires = (name: string): Happening => ({ type: `timer ${name}`, position: 0 });

/** An event or a timer that is kept back for a key: with its fault, or behind another that has one. */
export type HeldBack = {
  readonly key: string;
  readonly event: Happening;
  readonly fault: LivefoldError | null;
};

/**
 * What went wrong in a reaction or with its commands, as the fault of what the process reacted to.
 *
 * @throws what it was given, where that says nothing about it
 */
export function processFault(error: unknown, manager: string, { type, position }: Happening): LivefoldError {
  if (isPassing(error) || (error instanceof LivefoldError && passing.has(error.code))) throw error;
  if (error instanceof LivefoldError && ours.has(error.code)) return error;
  const where = position === 0 ? '' : ` at position ${position}`;
  return new LivefoldError(
    'HANDLER_FAILED',
    `The process manager "${manager}" could not react to ${type}${where}: ${describeThrown(error)}.`,
    { cause: error, fields: { processManager: manager, type, position } },
  );
}
