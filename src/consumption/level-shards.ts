import { LivefoldError } from '../kernel/errors.ts';
import type { HeldUnit } from './consumer.ts';
import type { EventLog } from './event-log.ts';
import { foldUpTo } from './fold-up-to.ts';
import type { AnyProjection } from './projection.ts';
import type { ReadModels } from './read-models.ts';
import { shardOfProjection } from './shards.ts';
import { isStreamKey } from './stream-key.ts';

export type LevelOptions = {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly signal: AbortSignal;
};

/**
 * Folds each shard of a projection up to where the furthest of them is. Then its keys can be spread over another number of
 * shards: before, a key that changes its shard would see events twice, or never.
 *
 * @throws LivefoldError `STREAM_PARKED` while events are kept back whose keys nobody knows: each shard folds its part of them by itself
 */
export async function levelShards(
  projection: AnyProjection,
  helds: readonly HeldUnit[],
  options: LevelOptions,
): Promise<void> {
  await checkStreams(projection, options);
  const shards = await Promise.all(
    helds.map(async (held) => {
      const shard = shardOfProjection(projection, held.unit.shard);
      return { held, shard, position: await options.models.position(shard) };
    }),
  );
  const target = Math.max(...shards.map(({ position }) => position));
  for (const { held, shard, position } of shards)
    await foldUpTo(target, shard, { ...options, lease: held.lease, after: position });
}

async function checkStreams({ name }: AnyProjection, { models }: LevelOptions): Promise<void> {
  const key = (await models.parked.keys(name)).find(isStreamKey);
  if (key === undefined) return;
  throw new LivefoldError(
    'STREAM_PARKED',
    `The projection "${name}" stays with its shards while "${key}" is parked: mend its handler, then retry or skip that key.`,
  );
}
