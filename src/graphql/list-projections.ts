import type { RunningProjection } from '../consumption/projection-runner.ts';
import { sleep } from '../kernel/async.ts';
import type { Position } from '../persistence/event-store.ts';
import type { Backend } from './backend.ts';
import type { ListedProjection } from './listed-projection.ts';

/** Milliseconds between two frames, at least. */
const pause = 1_000;

/** All projections and how far they are. */
export async function listProjections({ projections, log }: Backend): Promise<readonly ListedProjection[]> {
  const head = await log.head();
  return [...projections.values()].map((running) => describe(running, head));
}

/** The same whenever something about it has changed. What this process has heard of is enough for that. */
export async function* watchProjections(
  { projections, log }: Backend,
  signal: AbortSignal,
): AsyncGenerator<{ readonly projections: readonly ListedProjection[] }> {
  let last = '';
  while (!signal.aborted) {
    const now = [...projections.values()].map((running) => describe(running, log.seen));
    const revisions = [...projections.values()].map(({ parkedRevision }) => parkedRevision);
    const text = JSON.stringify([now, revisions]);
    if (text !== last) yield { projections: now };
    last = text;
    await sleep(pause, signal);
  }
}

function describe(running: RunningProjection, head: Position): ListedProjection {
  const { projection, feed, status, lastError, isOutdated, rate, shards } = running;
  return {
    name: projection.name,
    ...placed(feed.position, head),
    rate,
    status,
    lastError,
    isOutdated,
    owner: onlyOwner(shards.map(({ owner }) => owner)),
    shards: shards.map(({ shard, position, owner, ...state }) => ({
      ...state,
      shard: shard.index,
      ...placed(position, head),
      owner,
    })),
  };
}

function placed(position: Position, head: Position) {
  // This process may hear of an event just behind our look at the head.
  return { position, head: Math.max(head, position), lag: Math.max(head - position, 0) };
}

function onlyOwner(owners: readonly ListedProjection['owner'][]): ListedProjection['owner'] {
  const [first = null] = owners;
  return owners.every((owner) => owner?.id === first?.id) ? first : null;
}
