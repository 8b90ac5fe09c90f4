import { LivefoldError } from '../kernel/errors.ts';
import { runInterruptibly } from '../kernel/interrupt.ts';
import type { AnyProcessManager } from './process-manager.ts';

/**
 * What a process manager's reaction gives; one that does not return is broken off.
 *
 * @throws LivefoldError `REACTION_TIMED_OUT`
 */
export async function reactWithin<Result>(manager: AnyProcessManager, react: () => Result): Promise<Result> {
  const given: Result[] = [];
  await runInterruptibly(() => {
    given.push(react());
  }, manager.timeout);
  for (const result of given) return result;
  throw reactionTimedOut(manager);
}

export function reactionTimedOut({ name, timeout }: AnyProcessManager): LivefoldError {
  return new LivefoldError(
    'REACTION_TIMED_OUT',
    `A reaction of the process manager "${name}" did not return within ${timeout} ms, and was broken off.`,
    { fields: { processManager: name } },
  );
}
