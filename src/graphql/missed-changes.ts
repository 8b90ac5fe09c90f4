import type { RunningProjection } from '../consumption/projection-runner.ts';
import type { ChangesSince, ReadModels } from '../consumption/read-models.ts';
import type { Position } from '../persistence/event-store.ts';

/** A client that missed more rows than this gets a new snapshot. */
const mostMissed = 5_000;

type Missed = Promise<ChangesSince | null>;

const underWay = new WeakMap<RunningProjection, Map<string, Missed>>();

export type MissedSince = {
  /** Where the client is. */
  readonly position: Position;
  /** The horizon under which it got what it has; 0 for one that resumes. */
  readonly horizon: Position;
};

/**
 * What changed behind a position, from the table; `null` when that is no longer known or too much. In a process that does
 * not fold a projection all its subscribers ask for the same at the same moment: they share one read.
 */
export function readMissedChanges(
  running: RunningProjection,
  models: ReadModels,
  { position, horizon }: MissedSince,
): Missed {
  const reads = underWay.get(running) ?? new Map<string, Missed>();
  underWay.set(running, reads);
  // A read that began before rows were amended may be without them.
  const asked = `${position} ${horizon} ${running.feed.revision}`;
  const shared = reads.get(asked);
  if (shared !== undefined) return shared;
  const read = models
    .changesSince(running.projection, position, { limit: mostMissed, horizon })
    .finally(() => reads.delete(asked));
  reads.set(asked, read);
  return read;
}
