import type { StoredEvent } from '../domain/event.ts';
import { nextTurn } from '../kernel/async.ts';
import type { Position } from '../persistence/event-store.ts';
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
  for (const event of events) foldEvent(projection, event, rows, changes);
  return thatLast(changes);
}

/** Milliseconds after which a long fold lets others have a turn: heartbeats go out in time, and clients get their frames. */
const turn = 20;

/** The same for a long batch: it takes the process's only thread for a moment at a time. */
export async function foldInTurns(
  projection: AnyProjection,
  events: readonly StoredEvent[],
  rows: ReadonlyMap<string, AnyRow>,
): Promise<readonly RowChange[]> {
  const changes: Changes = new Map();
  let end = performance.now() + turn;
  for (const event of events) {
    foldEvent(projection, event, rows, changes);
    if (performance.now() < end) continue;
    await nextTurn();
    end = performance.now() + turn;
  }
  return thatLast(changes);
}

type Changes = Map<string, RowChange>;

function foldEvent(
  projection: AnyProjection,
  event: StoredEvent,
  rows: ReadonlyMap<string, AnyRow>,
  changes: Changes,
): void {
  const handler = projection.handlerOf(event.type);
  if (handler === undefined) return;
  for (const key of keysOfEvent(projection, event)) {
    const change = changes.get(key);
    const before = change === undefined ? rows.get(key) : change.before;
    const current = change === undefined ? before : change.after;
    const next = handler.fold(current, event, key);
    if (next === undefined || next === current) continue;
    changes.set(key, { key, before, after: next ?? undefined, position: event.position });
  }
}

/** A row that came and went within the batch was never there for anyone else. */
function thatLast(changes: Changes): readonly RowChange[] {
  return [...changes.values()].filter(({ before, after }) => before !== undefined || after !== undefined);
}

/** One row folded from its own events alone, for time travel: undefined when they leave none. */
export function foldRow(
  projection: AnyProjection,
  key: string,
  events: Iterable<StoredEvent>,
): AnyRow | undefined {
  let row: AnyRow | undefined;
  for (const event of events) {
    const handler = projection.handlerOf(event.type);
    if (handler === undefined || !keysOfEvent(projection, event).includes(key)) continue;
    const next = handler.fold(row, event, key);
    if (next !== undefined) row = next ?? undefined;
  }
  return row;
}

function keysOfEvent(projection: AnyProjection, event: StoredEvent): readonly string[] {
  const keys = projection.handlerOf(event.type)?.keys(event) ?? null;
  if (keys === null) return [];
  return typeof keys === 'string' ? [keys] : [...new Set(keys)];
}
