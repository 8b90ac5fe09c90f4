import type { Position } from '../persistence/event-store.ts';
import { type AnyProjection, type Keys, variantOf } from './projection.ts';

/** One of the equal parts that a consumer's keys are spread over. */
export type Shard = { readonly index: number; readonly count: number };

/**
 * The name under which a shard's position is kept: the consumer's own where there is but one. The count is part of it, so
 * that nobody takes a shard of four for one of five.
 */
export function unitOf(consumer: string, { index, count }: Shard): string {
  return count === 1 ? consumer : `${consumer}#${index}/${count}`;
}

/** The shard that a unit's name tells of. */
export function shardOfUnit(unit: string): Shard {
  const [, index = '0', count = '1'] = /#(\d+)\/(\d+)$/.exec(unit) ?? [];
  return { index: Number(index), count: Number(count) };
}

/** All shards of that many. */
export function shardsOf(count: number): readonly Shard[] {
  return Array.from({ length: count }, (_, index) => ({ index, count }));
}

/**
 * The shard of a key. Rows are spread by it for years and by every process alike: it must never give another answer.
 * FNV-1a over the UTF-16 units, then the finalizer of MurmurHash3 (both in the public domain), whose last bits are as good as its first.
 */
export function shardOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % count;
}

/** A projection as one of its shards folds it: the same table, and of each event only the keys of that shard. */
export function shardOfProjection(projection: AnyProjection, shard: Shard): AnyProjection {
  if (shard.count === 1) return projection;
  const isMine = (key: string): boolean => shardOf(key, shard.count) === shard.index;
  const mine = (keys: Keys): Keys => {
    if (keys === null) return null;
    return typeof keys === 'string' ? (isMine(keys) ? keys : null) : keys.filter(isMine);
  };
  return variantOf(projection, {
    unit: unitOf(projection.name, shard),
    handlerOf(type) {
      const handler = projection.handlerOf(type);
      return handler && { ...handler, keys: (event) => mine(handler.keys(event)) };
    },
  });
}

/** Up to where all of some shards have come. */
export function lowestPosition(positions: Iterable<Position>): Position {
  const lowest = Math.min(...positions);
  return Number.isFinite(lowest) ? lowest : 0;
}
