import { LivefoldError } from '../../src/kernel/errors.ts';

/** What every such failure says. */
export const illLuck = 'cannot be handled yet';

/** So long, in milliseconds, what fails goes on failing. */
const spell = 1_500;

/**
 * Throws for one of so many events, until the event is a moment old. It depends on the event and the time alone, so a handler
 * that calls this fails in whichever process it runs, heals by itself, and folds to the same in the end.
 */
export function failForAWhile(
  { position, recordedAt }: { readonly position: number; readonly recordedAt: Date },
  oneOf: number,
): void {
  if (position % oneOf !== 0 || Date.now() >= recordedAt.getTime() + spell) return;
  throw new LivefoldError('ILL_LUCK', `The event at position ${position} ${illLuck}.`);
}

/** Keeps the process's one thread busy. */
export function toil(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
