import { silentLogger } from '../../kernel/log.ts';
import { EventLog } from '../event-log.ts';
import type { Application } from './application.ts';
import { type RunningFollower, runFollower } from './follower.ts';
import { openSystem, type SystemOptions } from './open-system.ts';
import type { OpenApplication } from './place.ts';
import type { System } from './system.ts';

/** A system, or the part of one that this process runs. */
export interface RunningSystem extends AsyncDisposable {
  /** An application, to send commands to. @throws LivefoldError `INVALID_SYSTEM` when it has no persistence here */
  open(application: Application): OpenApplication;
  /** In the order of the system's pipes. */
  readonly followers: readonly RunningFollower[];
  /**
   * Resolves when the system was stopped.
   *
   * @throws LivefoldError `FOLLOWER_FAILED` as soon as one of its followers cannot go on; the others do, until `stop`
   */
  readonly done: Promise<void>;
  /** Lets each follower finish the event that it is at, and the snapshots that are on their way. Stores stay open. */
  stop(): Promise<void>;
}

/** Pages of a log are shared by its followers; a remote log gives so many events at once. */
const pageSize = 1_000;

/**
 * Runs a system: all its applications in this process, or some of them (`run`) while other processes run the others, each on
 * the logs that `places` names. Two processes may run the same application: each event has its effect once.
 *
 * @throws LivefoldError `INVALID_SYSTEM`
 */
export function runSystem(definition: System, options: SystemOptions): RunningSystem {
  const { logger = silentLogger } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const { open, running, pipes } = openSystem(definition, { ...options, signal });
  const logs = new Map<Application, EventLog>();
  for (const { link, log } of pipes)
    if (!logs.has(link.pipe.upstream))
      logs.set(link.pipe.upstream, new EventLog(log, { bell: log.bell, pageSize }));
  const followers = pipes.flatMap(({ link }) => {
    const log = logs.get(link.pipe.upstream);
    return log === undefined ? [] : [runFollower(link, { log, logger, signal })];
  });
  const done = Promise.all(followers.map((follower) => follower.done)).then(() => {});
  done.catch(() => {});

  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.allSettled(followers.map((follower) => follower.done));
    await Promise.all(running.map(({ repository }) => repository.settle()));
  };
  return { open, followers, done, stop, [Symbol.asyncDispose]: stop };
}
