import { url as debuggerUrl } from 'node:inspector';
import { Script } from 'node:vm';

type Job = {
  readonly work: () => void;
  readonly done: (isOver: boolean) => void;
  readonly fail: (error: unknown) => void;
};

/** What the script below runs: scripts see the global object and nothing else of ours. */
const entry = Symbol.for('livefold.interruptible');
const script = new Script("globalThis[Symbol.for('livefold.interruptible')]()");

/** Milliseconds of jobs that share a script: the time limit is the script's, and meant for each of them. */
const sharedTime = 20;

/** Jobs that wait for the next turn, by their time limit. */
const waiting = new Map<number, Job[]>();

/**
 * Runs synchronous work at the next turn of the event loop, and breaks it off after `timeout` milliseconds, even in the middle of an endless loop. False
 * when it was broken off; an error that it throws is passed on. Only a script of its own can be broken off (`node:vm`), which
 * costs 0.1 ms for the thread that watches: so those that come in one turn share it.
 */
export function runInterruptibly(work: () => void, timeout: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const jobs = waiting.get(timeout);
  const job = { work, done: resolve, fail: reject };
  if (jobs !== undefined) jobs.push(job);
  else {
    waiting.set(timeout, [job]);
    setImmediate(() => runAll(timeout));
  }
  return promise;
}

function runAll(timeout: number): void {
  const jobs = waiting.get(timeout) ?? [];
  waiting.delete(timeout);
  let next = 0;
  const runSome = (): void => {
    const end = performance.now() + sharedTime;
    do {
      runOne(jobs[next]);
      next += 1;
    } while (next < jobs.length && performance.now() < end);
  };
  while (next < jobs.length) {
    if (runWithin(runSome, timeout)) continue;
    jobs[next]?.done(false);
    next += 1;
  }
}

function runOne(job: Job | undefined): void {
  try {
    job?.work();
  } catch (error) {
    job?.fail(error);
    return;
  }
  job?.done(true);
}

function runWithin(work: () => void, timeout: number): boolean {
  // Whoever steps through it takes all the time they want.
  if (debuggerUrl() !== undefined) {
    work();
    return true;
  }
  Object.assign(globalThis, { [entry]: work });
  try {
    script.runInThisContext({ timeout });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      return false;
    throw error;
  } finally {
    // The jobs hold whole pages of events.
    Object.assign(globalThis, { [entry]: undefined });
  }
}
