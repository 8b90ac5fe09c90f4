import { isLivefoldError } from '../kernel/errors.ts';

/** Says what ended the program, and lets it exit with code 1. Ours say what to do; of anything else the stack finds the fault. */
export function reportFailure(error: unknown): void {
  console.error(isLivefoldError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
