import type { AggregateRoot } from '../domain/aggregate.ts';
import { upcast } from '../domain/upcast.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Snapshot, StreamTail } from '../persistence/snapshot-store.ts';
import { foldOn, type Loaded, unloaded } from './loaded.ts';

/**
 * The aggregate as its snapshot says, its state brought up to today's shape.
 *
 * @throws LivefoldError `UNKNOWN_EVENT_VERSION`, `UPCAST_FAILED`
 */
export function openSnapshot<State>(aggregate: AggregateRoot<State>, snapshot: Snapshot): Loaded<State> {
  const { stream, version, position, subjects, schemaVersion } = snapshot;
  const { schemaVersion: to = 1, upcast: upcasters = {} } = aggregate.snapshots ?? {};
  const subject = { what: `The snapshot of the stream "${stream}"`, fields: { stream, version } };
  // A snapshot of today's shape was made from this fold's own state.
  const state = upcast(snapshot.state, schemaVersion, { to, upcasters, subject }) as State;
  return { state, version, position, subjects };
}

/**
 * The aggregate after its snapshot and the events behind it.
 *
 * @throws LivefoldError `SNAPSHOT_OUT_OF_STEP` when the events do not follow on the snapshot; what `openSnapshot` throws
 */
export function openTail<State>(
  aggregate: AggregateRoot<State>,
  { stream, snapshot, events }: StreamTail,
): Loaded<State> {
  const from = snapshot === null ? unloaded(aggregate) : openSnapshot(aggregate, snapshot);
  const next = events[0]?.version ?? from.version + 1;
  if (next !== from.version + 1)
    throw new LivefoldError(
      'SNAPSHOT_OUT_OF_STEP',
      `The events of "${stream}" go on at version ${next} behind a snapshot at version ${from.version}: delete its snapshot.`,
      { fields: { stream, version: from.version, next } },
    );
  return foldOn(aggregate, from, events);
}
