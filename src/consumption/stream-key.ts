import type { StoredEvent } from '../domain/event.ts';
import type { AnyProjection } from './projection.ts';
import { shardOf } from './shards.ts';

const prefix = 'stream:';

/**
 * The key under which events of a stream are kept back while nobody knows which rows they concern. Each shard of a projection has one of
 * its own: they fold the stream's events each for themselves.
 */
export function streamKeyOf(
  { name, unit }: Pick<AnyProjection, 'name' | 'unit'>,
  { stream }: StoredEvent,
): string {
  return `${prefix}${stream}${unit.slice(name.length)}`;
}

export function isStreamKey(key: string): boolean {
  return key.startsWith(prefix);
}

/**
 * Under which key an event is kept back for a row: the row's own, unless that looks like a stream's. What is parked says by its key which of the
 * two it is.
 */
export function holderOf(
  projection: Pick<AnyProjection, 'name' | 'unit'>,
  key: string,
  event: StoredEvent,
): string {
  return isStreamKey(key) ? streamKeyOf(projection, event) : key;
}

/** Whether a parked key is one that this projection, or shard of one, works on. */
export function isOwnKey({ name, unit }: Pick<AnyProjection, 'name' | 'unit'>, key: string): boolean {
  const suffix = unit.slice(name.length);
  if (suffix === '') return true;
  if (isStreamKey(key)) return key.endsWith(suffix);
  const [, index, count] = /^#(\d+)\/(\d+)$/.exec(suffix) ?? [];
  return shardOf(key, Number(count)) === Number(index);
}

/** Whether the events that are kept back under a stream's key concern a row's key, as far as the shards say: one shard's are those of its own rows. */
export function streamOwns(streamKey: string, key: string): boolean {
  if (!isStreamKey(streamKey)) return false;
  const [suffix = ''] = /#\d+\/\d+$/.exec(streamKey) ?? [];
  return isOwnKey({ name: '', unit: suffix }, key);
}
