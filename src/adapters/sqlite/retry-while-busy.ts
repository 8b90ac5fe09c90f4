import { backoff, sleep } from '../../kernel/async.ts';
import { isBusy } from './sqlite-error.ts';

/**
 * Tries again while another process holds the lock, for at most so many milliseconds. SQLite's own waiting would hold up
 * this process's event loop for as long.
 */
export async function retryWhileBusy<Result>(timeout: number, work: () => Result): Promise<Result> {
  const end = performance.now() + timeout;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > end) throw error;
    }
    await sleep(backoff(attempt, { base: 1, most: 10 }));
  }
}
