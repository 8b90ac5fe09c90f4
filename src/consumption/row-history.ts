import type { StoredEvent } from '../domain/event.ts';
import { chunks } from '../kernel/chunks.ts';
import type { KeptBackEvents } from './kept-back-events.ts';
import { PastFold, type RowStep } from './past-fold.ts';
import type { AnyProjection, AnyRow } from './projection.ts';

/** So many events are folded at a time. */
const chunk = 500;

/** Which row, and what its table is without. */
export type RowPast = { readonly key: string; readonly keptBack: KeptBackEvents };

/**
 * Each change of a row, by the projection's own fold over the events given; those that change nothing are left out, and so are those
 * that the table is without. Rows carry the position that changed them last.
 *
 * @throws LivefoldError `NO_FOLD`
 */
export async function* rowSteps(
  projection: AnyProjection,
  { key, keptBack }: RowPast,
  events: AsyncIterable<StoredEvent>,
): AsyncGenerator<RowStep> {
  // An event may be about several rows.
  const fold = new PastFold(projection, { keptBack, isWanted: (one) => one === key });
  for await (const some of chunks(events, chunk)) yield* await fold.add(some);
}

/** The row that the events leave. */
export async function lastRow(
  projection: AnyProjection,
  past: RowPast,
  events: AsyncIterable<StoredEvent>,
): Promise<AnyRow | undefined> {
  let row: AnyRow | undefined;
  for await (const { after } of rowSteps(projection, past, events)) row = after;
  return row;
}
