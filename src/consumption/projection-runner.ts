import type { Bell } from '../kernel/async.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { Position } from '../persistence/event-store.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { Consumer } from './consumer.ts';
import type { EventLog } from './event-log.ts';
import { foldUnit } from './fold-unit.ts';
import type { UnitStatus } from './lease-store.ts';
import { levelShards } from './level-shards.ts';
import type { Members } from './members.ts';
import type { AnyProjection } from './projection.ts';
import { ProjectionProgress, type ShardProgress } from './projection-progress.ts';
import type { ReadModels } from './read-models.ts';
import { shardOfProjection } from './shards.ts';

/** A projection as this process knows it, whoever works on it: how far it is, and what it changes. */
export interface RunningProjection {
  readonly projection: AnyProjection;
  readonly feed: ChangeFeed;
  readonly status: UnitStatus;
  readonly lastError: string | null;
  /** Whether this process folds it, and knows what each change was before. */
  readonly isFoldedHere: boolean;
  /** Whether the table was folded with another definition than this process's: a rebuild brings it up to date. */
  readonly isOutdated: boolean;
  /** Events a second, over the last ten seconds. */
  readonly rate: number;
  readonly shards: readonly ShardProgress[];
  /** Rises whenever something about its parked keys may have changed. */
  readonly parkedRevision: number;
  /**
   * Waits until the table has passed a position.
   *
   * @throws LivefoldError `PROJECTION_LAGGING` after `timeout` milliseconds
   */
  waitFor(
    position: Position,
    options: { readonly timeout: number; readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Leaves it to other processes. */
  stop(): Promise<void>;
}

export type RunOptions = {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly logger: Logger;
  /** The processes that it is spread over; this one folds it all when left out. */
  readonly members?: Members | undefined;
};

/** Of more changes at a time than that nobody is told one by one. */
const mostMissing = 5_000;

/**
 * Runs one projection: follows the log, folds each page into the table, publishes what changed. Of the processes that run it,
 * the one with the lease does the work, or one for each shard; the others hear how far it is. Whoever works, each batch is
 * applied once. An inline projection is folded by whoever appends, so each process sees for itself what that has missed.
 *
 * @throws LivefoldError `INVALID_SHARDS` for several shards without members to spread them over
 */
export async function runProjection(
  projection: AnyProjection,
  options: RunOptions,
): Promise<RunningProjection> {
  const { log, models, members } = options;
  const place = await models.place(projection);
  const progress = new ProjectionProgress(projection, place, async (after) => {
    const { epoch } = log;
    const { horizon } = progress.feed;
    const found = await models.changesSince(projection, after, { limit: mostMissing, horizon });
    // Somebody may have been forgotten meanwhile.
    return log.epoch === epoch ? found : null;
  });
  const work =
    members === undefined || projection.mode === 'inline'
      ? foldAlone(projection, progress, options)
      : foldAmong(members, projection, progress, options);
  const { feed } = progress;
  return {
    projection,
    feed,
    get status() {
      return progress.state.status;
    },
    get lastError() {
      return progress.state.lastError;
    },
    get isFoldedHere() {
      return progress.isFoldedHere;
    },
    get isOutdated() {
      return progress.isOutdated;
    },
    get rate() {
      return progress.rate;
    },
    get shards() {
      return progress.shards;
    },
    get parkedRevision() {
      return progress.parked.rings;
    },
    waitFor: (position, limits) => waitForPosition(projection.name, feed, position, limits),
    stop: () => work.stop(),
  };
}

type Work = { stop(): Promise<void> };

function foldAlone(projection: AnyProjection, progress: ProjectionProgress, options: RunOptions): Work {
  if (projection.shards > 1)
    throw new LivefoldError(
      'INVALID_SHARDS',
      `The projection "${projection.name}" has ${projection.shards} shards and no members to spread them over: give \`members\`.`,
    );
  const stopping = new AbortController();
  const done = foldUnit(projection, { ...options, progress, signal: stopping.signal });
  const watched: Consumer = {
    ...consumerOf(projection, progress, options),
    isOnlyWatched: true,
  };
  options.members?.add(watched);
  return {
    async stop() {
      stopping.abort();
      await Promise.all([done, options.members?.remove(watched)]);
    },
  };
}

function foldAmong(
  members: Members,
  projection: AnyProjection,
  progress: ProjectionProgress,
  options: RunOptions,
): Work {
  const consumer = consumerOf(projection, progress, options);
  members.add(consumer);
  return { stop: () => members.remove(consumer) };
}

function consumerOf(projection: AnyProjection, progress: ProjectionProgress, options: RunOptions): Consumer {
  const { name, shards } = projection;
  return {
    name,
    shards,
    stateOf: (unit) => progress.stateOf(unit),
    work: (held, signal) =>
      foldUnit(shardOfProjection(projection, held.unit.shard), { ...options, progress, held, signal }),
    level: (held, signal) => levelShards(projection, held, { ...options, signal }),
    look: (census) => progress.look(census),
    hear: (unit, position) => progress.hear(unit, position),
    hearParked: (hasChanged) => progress.hearParked(hasChanged),
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
