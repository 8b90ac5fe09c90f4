import type { RunningProjection } from '../consumption/projection-runner.ts';
import type { ChangesSince, ReadModels } from '../consumption/read-models.ts';
import { onAbort } from '../kernel/async.ts';
import type { Position } from '../persistence/event-store.ts';

/** A client that missed more rows than this gets a new snapshot. */
const mostMissed = 5_000;

/** A read under way, how many wait for it, and what ends it when none does any more. */
type SharedRead = {
  readonly read: Promise<ChangesSince | null>;
  readonly stopping: AbortController;
  waiting: number;
};

const underWay = new WeakMap<RunningProjection, Map<string, SharedRead>>();

export type MissedSince = {
  /** Where the client is. */
  readonly position: Position;
  /** The horizon under which it got what it has; 0 for one that resumes. */
  readonly horizon: Position;
  /** Says that it does not wait any more. */
  readonly signal: AbortSignal;
};

/**
 * What changed behind a position, from the table; `null` when that is no longer known or too much. In a process that does
 * not fold a projection all its subscribers ask for the same at the same moment: they share one read.
 *
 * @throws LivefoldError `ABORTED` when all who asked have gone
 */
export async function readMissedChanges(
  running: RunningProjection,
  models: ReadModels,
  { position, horizon, signal }: MissedSince,
): Promise<ChangesSince | null> {
  const reads = underWay.get(running) ?? new Map<string, SharedRead>();
  underWay.set(running, reads);
  // A read that began before rows were amended may be without them.
  const asked = `${position} ${horizon} ${running.feed.revision}`;
  const shared = reads.get(asked) ?? begin();
  shared.waiting += 1;
  const release = onAbort(signal, leave);
  try {
    return await shared.read;
  } finally {
    release();
  }

  function begin(): SharedRead {
    const stopping = new AbortController();
    const options = { limit: mostMissed, horizon, signal: stopping.signal };
    const read = models.changesSince(running.projection, position, options).finally(forget);
    const begun = { read, stopping, waiting: 0 };
    reads.set(asked, begun);
    return begun;
  }

  function leave(): void {
    shared.waiting -= 1;
    if (shared.waiting > 0) return;
    // Who comes now begins anew: this one is of no use any more.
    forget();
    shared.stopping.abort();
  }

  function forget(): void {
    if (reads.get(asked) === shared) reads.delete(asked);
  }
}
