import type { StoredEvent } from '../domain/event.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';
import { type KeyedEvent, keysOfEvent } from './key-events.ts';
import type { AnyProjection, AnyRow } from './projection.ts';

/** What a batch of events did to one row. `before` is undefined for a new row, `after` for a removed one. */
export type RowChange = {
  readonly key: string;
  readonly before: AnyRow | undefined;
  readonly after: AnyRow | undefined;
  /** The position of the event that changed it last. */
  readonly position: Position;
};

/** The keys of all rows that the events concern. */
export function keysOf(projection: AnyProjection, events: readonly StoredEvent[]): ReadonlySet<string> {
  return new Set(events.flatMap((event) => keysOfEvent(projection, event)));
}

/** Folds events into rows, in order. `rows` holds those that exist; the answer has each row that changed, once. */
export function foldRows(
  projection: AnyProjection,
  events: readonly StoredEvent[],
  rows: ReadonlyMap<string, AnyRow>,
): readonly RowChange[] {
  const changes: Changes = new Map();
  for (const event of events)
    for (const key of keysOfEvent(projection, event)) foldKey(projection, { key, event }, rows, changes);
  return thatLast(changes);
}

/** What has become of each row so far. */
export type Changes = Map<string, RowChange>;

/** Folds one event into one row. */
export function foldKey(
  projection: AnyProjection,
  { key, event }: KeyedEvent,
  rows: ReadonlyMap<string, AnyRow>,
  changes: Changes,
): void {
  const change = changes.get(key);
  const before = change === undefined ? rows.get(key) : change.before;
  const current = change === undefined ? before : change.after;
  const next = projection.handlerOf(event.type)?.fold?.(current, event, key);
  if (next === undefined || next === current) return;
  changes.set(key, { key, before, after: next ?? undefined, position: event.position });
}

/** A row that came and went within the batch was never there for anyone else. */
export function thatLast(changes: Changes): readonly RowChange[] {
  return [...changes.values()].filter(({ before, after }) => before !== undefined || after !== undefined);
}

/**
 * A projection with folds: rows that SQL handlers wrote are in their tables alone.
 *
 * @throws LivefoldError `NO_FOLD`
 */
export function checkFolds({ name, isSql }: AnyProjection): void {
  if (isSql)
    throw new LivefoldError(
      'NO_FOLD',
      `The projection "${name}" has SQL handlers, which cannot be run without its tables: there is no fold of the past to look at.`,
    );
}

/** One row folded from its own events alone, for time travel: undefined when they leave none. */
export function foldRow(
  projection: AnyProjection,
  key: string,
  events: Iterable<StoredEvent>,
): AnyRow | undefined {
  checkFolds(projection);
  let row: AnyRow | undefined;
  for (const event of events) {
    const handler = projection.handlerOf(event.type);
    if (handler === undefined || !keysOfEvent(projection, event).includes(key)) continue;
    const next = handler.fold?.(row, event, key);
    if (next !== undefined) row = next ?? undefined;
  }
  return row;
}
