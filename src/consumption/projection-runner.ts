import { type Bell, backoff, nextTurn, sleep } from '../kernel/async.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { Position } from '../persistence/event-store.ts';
import { type ChangeBatch, ChangeFeed } from './change-feed.ts';
import type { EventLog } from './event-log.ts';
import { follow } from './follow.ts';
import type { AnyProjection } from './projection.ts';
import type { ReadModels } from './read-models.ts';

export type ProjectionStatus = 'CATCHING_UP' | 'LIVE' | 'RETRYING' | 'STOPPED';

/** A projection that runs in this process: how far it is, and what it changes. */
export interface RunningProjection {
  readonly projection: AnyProjection;
  readonly feed: ChangeFeed;
  readonly status: ProjectionStatus;
  readonly lastError: string | null;
  /**
   * Waits until the table has passed a position.
   *
   * @throws LivefoldError `PROJECTION_LAGGING` after `timeout` milliseconds
   */
  waitFor(
    position: Position,
    options: { readonly timeout: number; readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  stop(): Promise<void>;
}

export type RunOptions = { readonly log: EventLog; readonly models: ReadModels; readonly logger: Logger };

/**
 * Runs one projection: follows the log, folds each page into the table, publishes what changed. Any number of processes
 * may run the same one: each batch is applied by exactly one of them, and the others move on to where it got. A fault is
 * tried again for as long as it lasts.
 */
export async function runProjection(
  projection: AnyProjection,
  options: RunOptions,
): Promise<RunningProjection> {
  const { log, models, logger } = options;
  const stopping = new AbortController();
  const feed = new ChangeFeed(await models.position(projection));
  const state: { status: ProjectionStatus; lastError: string | null } = {
    status: 'CATCHING_UP',
    lastError: null,
  };
  const done = keepRunning();

  async function keepRunning(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures += 1) {
      const before = feed.position;
      try {
        await run();
        failures = 0;
      } catch (error) {
        if (feed.position > before) failures = 0;
        state.status = 'RETRYING';
        state.lastError = error instanceof Error ? error.message : String(error);
        logger.error(
          { err: error, projection: projection.name, position: feed.position },
          'projection failed; trying again',
        );
        await sleep(backoff(failures, { base: 100, most: 5_000 }), stopping.signal);
      }
    }
    state.status = 'STOPPED';
  }

  /** Until the signal aborts, or another process turns out to have moved the projection on. */
  async function run(): Promise<void> {
    const [start, backlog] = await Promise.all([models.position(projection), log.head()]);
    publish({ after: start, to: start, changes: null });
    if (start >= backlog) succeed('LIVE');
    else if (state.status !== 'RETRYING') state.status = 'CATCHING_UP';
    let after = start;
    let { epoch } = log;
    for await (const page of follow(log, { after, signal: stopping.signal })) {
      // What is committed goes out to clients before more work on it begins.
      await nextTurn();
      const to = page.position;
      const changes = await models.apply(projection, { after, to, events: page.events });
      if (changes === null) return;
      // Folded from what must not be told any more, while the table may have gone on to say so.
      publish({ after, to, changes: log.epoch === epoch ? changes : null });
      ({ epoch } = log);
      succeed(to >= backlog ? 'LIVE' : 'CATCHING_UP');
      after = to;
    }
  }

  /**
   * What other processes folded is told without its changes. So is what is folded a second time, since a database that
   * crashed lost the last batches: the feed goes on only behind where it was.
   */
  function publish({ after, to, changes }: ChangeBatch): void {
    if (to <= feed.position) return;
    feed.publish({ after: feed.position, to, changes: after === feed.position ? changes : null });
  }

  function succeed(status: ProjectionStatus): void {
    state.status = status;
    state.lastError = null;
  }

  return {
    projection,
    feed,
    get status() {
      return state.status;
    },
    get lastError() {
      return state.lastError;
    },
    waitFor: (position, limits) => waitForPosition(projection.name, feed, position, limits),
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function waitForPosition(
  name: string,
  feed: { readonly position: Position; readonly bell: Bell },
  position: Position,
  { timeout, signal }: { readonly timeout: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const end = performance.now() + timeout;
  while (feed.position < position) {
    const left = end - performance.now();
    if (signal?.aborted) throw new LivefoldError('ABORTED', 'The wait was stopped.');
    if (left <= 0) {
      const message = `The projection "${name}" is at position ${feed.position} and has not reached ${position} in time: try again shortly.`;
      throw new LivefoldError('PROJECTION_LAGGING', message, {
        fields: { projection: name, position: String(feed.position), atLeast: String(position) },
      });
    }
    await feed.bell.wait(feed.bell.rings, { signal, timeout: left });
  }
}
