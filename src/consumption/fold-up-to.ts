import { nextTurn } from '../kernel/async.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';
import type { EventLog } from './event-log.ts';
import type { Lease } from './lease-store.ts';
import { ParkedKeys } from './parked-keys.ts';
import type { AnyProjection } from './projection.ts';
import type { ReadModels } from './read-models.ts';
import { shortBatches } from './short-batches.ts';

export type FoldUpToOptions = {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly lease: Lease;
  /** Where it stands. */
  readonly after: Position;
  readonly signal: AbortSignal;
  /** Is told how far it is, behind each batch. */
  readonly onProgress?: (position: Position) => void;
};

/**
 * Folds a projection, or a shard of one, up to a position of the log and not beyond; until the signal aborts.
 *
 * @throws LivefoldError `CONCURRENCY_CONFLICT` when another process turns out to work on it
 */
export async function foldUpTo(
  target: Position,
  projection: AnyProjection,
  { log, models, lease, after: start, signal, onProgress }: FoldUpToOptions,
): Promise<Position> {
  const parked = new ParkedKeys(projection, models.parked);
  await parked.load();
  let after = start;
  while (after < target && !signal.aborted) {
    const events = (await log.read(after)).filter(({ position }) => position <= target);
    const page = { events, position: events.at(-1)?.position ?? target };
    for (const batch of projection.isSql ? shortBatches(page) : [page]) {
      const to = batch.position;
      const changes = await models.apply(projection, { after, to, events: batch.events, lease, parked });
      if (changes === null)
        throw new LivefoldError('CONCURRENCY_CONFLICT', `Another process works on "${projection.unit}" now.`);
      after = to;
      onProgress?.(after);
      await nextTurn();
      if (signal.aborted) break;
    }
  }
  return after;
}
