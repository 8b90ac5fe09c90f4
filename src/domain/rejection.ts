import type { NewEvent } from './event.ts';

/** A command's answer when the domain says no. */
export type Rejection = { readonly rejected: true; readonly reason: string; readonly message: string };

/** What a command decides: one event, several, none (nothing to do), or a rejection. */
export type Outcome = NewEvent | readonly NewEvent[] | Rejection;

/** Refuses a command. `reason` is the domain's own code, which clients see and switch on; `message` is for people. */
export function reject(
  reason: string,
  message: string = reason.toLowerCase().replaceAll('_', ' '),
): Rejection {
  return { rejected: true, reason, message };
}

/** Whether a command's outcome is a rejection. */
export function isRejection(outcome: Outcome): outcome is Rejection {
  return 'rejected' in outcome;
}

/** The events of an outcome that is no rejection, as a list. */
export function eventsOf(outcome: Exclude<Outcome, Rejection>): readonly NewEvent[] {
  // Array.isArray does not narrow a readonly array away from the other members of the union.
  return 'type' in outcome ? [outcome] : outcome;
}
