import { LivefoldError } from '../kernel/errors.ts';

const usualTimeout = 10_000;

/**
 * After how many milliseconds an application's handler is broken off, where it says nothing else.
 *
 * @throws LivefoldError `INVALID_TIMEOUT`
 */
export function checkTimeout(whose: string, timeout: number = usualTimeout): number {
  if (Number.isInteger(timeout) && timeout > 0) return timeout;
  throw new LivefoldError(
    'INVALID_TIMEOUT',
    `The ${whose} cannot have a timeout of ${timeout}: give a whole number of milliseconds from 1.`,
  );
}
