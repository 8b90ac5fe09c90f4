import { LivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';
import type { HeldUnit } from './consumer.ts';
import type { EventLog } from './event-log.ts';
import type { AnyProjection } from './projection.ts';
import type { ReadModels } from './read-models.ts';
import { shardOfProjection } from './shards.ts';

export type LevelOptions = {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly signal: AbortSignal;
};

/**
 * Folds each shard of a projection up to where the furthest of them is. Then its keys can be spread over another number of
 * shards: before, a key that changes its shard would see events twice, or never.
 */
export async function levelShards(
  projection: AnyProjection,
  helds: readonly HeldUnit[],
  options: LevelOptions,
): Promise<void> {
  const shards = await Promise.all(
    helds.map(async (held) => {
      const shard = shardOfProjection(projection, held.unit.shard);
      return { held, shard, position: await options.models.position(shard) };
    }),
  );
  const target = Math.max(...shards.map(({ position }) => position));
  for (const { held, shard, position } of shards)
    await foldUpTo(target, shard, { ...options, held, after: position });
}

async function foldUpTo(
  target: Position,
  shard: AnyProjection,
  {
    log,
    models,
    signal,
    held,
    after: start,
  }: LevelOptions & { readonly held: HeldUnit; readonly after: Position },
): Promise<void> {
  let after = start;
  while (after < target && !signal.aborted) {
    const events = (await log.read(after)).filter(({ position }) => position <= target);
    const to = events.at(-1)?.position ?? target;
    const changes = await models.apply(shard, { after, to, events, lease: held.lease });
    if (changes === null)
      throw new LivefoldError('CONCURRENCY_CONFLICT', `Another process works on "${shard.unit}" now.`);
    after = to;
  }
}
