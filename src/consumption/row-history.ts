import type { StoredEvent } from '../domain/event.ts';
import { checkFolds, foldRows } from './fold-rows.ts';
import type { AnyProjection, AnyRow } from './projection.ts';

/** What one event did to a row. `before` is undefined where there was none, `after` where there is none any more. */
export type RowStep = {
  readonly event: StoredEvent;
  readonly before: AnyRow | undefined;
  readonly after: AnyRow | undefined;
};

/**
 * Each change of a row, by the projection's own fold over the events given; those that change nothing are left out. Rows carry
 * the position that changed them last.
 *
 * @throws LivefoldError `NO_FOLD`
 */
export async function* rowSteps(
  projection: AnyProjection,
  key: string,
  events: AsyncIterable<StoredEvent>,
): AsyncGenerator<RowStep> {
  checkFolds(projection);
  let before: AnyRow | undefined;
  for await (const event of events) {
    const rows = new Map(before === undefined ? [] : [[key, before]]);
    // An event may be about several rows.
    const change = foldRows(projection, [event], rows).find((one) => one.key === key);
    if (change === undefined) continue;
    const after = change.after && { ...change.after, position: event.position };
    yield { event, before, after };
    before = after;
  }
}

/** The row that the events leave. */
export async function lastRow(
  projection: AnyProjection,
  key: string,
  events: AsyncIterable<StoredEvent>,
): Promise<AnyRow | undefined> {
  let row: AnyRow | undefined;
  for await (const { after } of rowSteps(projection, key, events)) row = after;
  return row;
}
