import { backoff, nextTurn, sleep } from '../../kernel/async.ts';
import { isLivefoldError, LivefoldError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { EventLog, LogPage } from '../event-log.ts';
import { follow } from '../follow.ts';
import type { Link } from './link.ts';

export type FollowerStatus = 'RUNNING' | 'RETRYING' | 'FAILED' | 'STOPPED';

/** What one application makes of another's events, as it goes on in this process. */
export interface RunningFollower {
  readonly application: string;
  readonly follows: string;
  /** Up to where it has seen the other's log. */
  readonly position: Position;
  readonly status: FollowerStatus;
  /** What went wrong, while it is trying again or for good. */
  readonly lastError: string | null;
  /** Resolves when it was stopped. @throws LivefoldError `FOLLOWER_FAILED` */
  readonly done: Promise<void>;
}

/** What somebody elsewhere can mend is tried again for as long as it lasts; anything else takes a change of the program. */
const passing = [
  'DATABASE_UNAVAILABLE',
  'DATABASE_ERROR',
  'STORE_BUSY',
  'STORE_FULL',
  'STORE_READ_ONLY',
  'REMOTE_LOG_UNAVAILABLE',
  'REMOTE_LOG_REFUSED',
  'REMOTE_LOG_INVALID',
];

export type FollowerOptions = {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

/** Carries events through a link as they come, until the signal aborts or an error is for good. */
export function runFollower(link: Link, { log, logger, signal }: FollowerOptions): RunningFollower {
  const names = { application: link.pipe.follower.name, follows: link.pipe.upstream.name };
  const state: { position: Position; status: FollowerStatus; lastError: string | null } = {
    position: 0,
    status: 'RUNNING',
    lastError: null,
  };

  async function keepFollowing(): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const before = state.position;
      try {
        await followOn();
      } catch (error) {
        if (signal.aborted) break;
        if (state.position > before) failures = 0;
        await waitAfter(error, failures);
      }
    }
    state.status = 'STOPPED';
  }

  async function followOn(): Promise<void> {
    state.position = await link.position();
    for await (const page of follow(log, { after: state.position, query: link.query, signal })) {
      await carryAll(page);
      if (signal.aborted) return;
    }
  }

  async function carryAll({ events, position }: LogPage): Promise<void> {
    for (const event of events) {
      // Between two events all is stored, so that this is where to stop.
      if (signal.aborted) return;
      await link.carry(event);
      proceedTo(event.position);
      await nextTurn();
    }
    if (position === state.position) return;
    await link.pass(position);
    proceedTo(position);
  }

  function proceedTo(position: Position): void {
    Object.assign(state, { position, status: 'RUNNING', lastError: null });
  }

  async function waitAfter(error: unknown, failures: number): Promise<void> {
    // Another process was here first, or somebody changed what the commands are about: what is true now is read again.
    if (isLivefoldError(error, 'CONCURRENCY_CONFLICT'))
      return sleep(backoff(failures, { base: 5, most: 1_000 }), signal);
    state.lastError = error instanceof Error ? error.message : String(error);
    const facts = { err: error, ...names, position: state.position };
    if (!isLivefoldError(error) || !passing.includes(error.code)) {
      state.status = 'FAILED';
      logger.error(facts, 'a follower failed and has stopped');
      throw failed(names, state.position, error);
    }
    state.status = 'RETRYING';
    logger.error(facts, 'a follower failed; trying again');
    await sleep(backoff(failures, { base: 100, most: 5_000 }), signal);
  }

  const done = keepFollowing();
  // Whoever looks at it hears of the error; for all others it is in the status and in the log.
  done.catch(() => {});
  return {
    ...names,
    get position() {
      return state.position;
    },
    get status() {
      return state.status;
    },
    get lastError() {
      return state.lastError;
    },
    done,
  };
}

function failed(
  { application, follows }: { readonly application: string; readonly follows: string },
  position: Position,
  cause: unknown,
): LivefoldError {
  return new LivefoldError(
    'FOLLOWER_FAILED',
    `"${application}" cannot go on behind position ${position} of "${follows}": ${cause instanceof Error ? cause.message : String(cause)} Mend it and start again: nothing was skipped.`,
    { fields: { application, follows, position }, cause },
  );
}
