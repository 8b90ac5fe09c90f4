import { isDeepStrictEqual } from 'node:util';
import { foldOn, type Loaded } from '../application/loaded.ts';
import type { EventLog } from './event-log.ts';
import { pagesOf } from './follow.ts';
import type { LiveProjection, LiveState } from './live-projection.ts';
import type { HeldRow, LiveReader } from './live-reader.ts';

/** What a row became, one change after the other, and what whoever has got all of them holds; no changes for who is up to date. */
export type RowSteps<Row> = { readonly changes: readonly HeldRow<Row>[]; readonly held: HeldRow<Row> };

/** So many changes are made ready at a time: a client that takes no more has them made again. */
const mostChanges = 64;

/**
 * What has become of a row since somebody got it. It comes from the log's pages, which all share; nothing is read where the log is
 * not known to have gone on.
 */
export async function followRow<Row>(
  projection: LiveProjection<Row>,
  held: HeldRow<Row>,
  { live, log }: { readonly live: LiveReader; readonly log: EventLog },
): Promise<RowSteps<Row>> {
  const now = held.epoch === log.epoch ? held : await readAnew(projection, held, { live, log });
  if (now.loaded.state !== held.loaded.state) return { changes: [now], held: now };
  const { epoch } = now;
  let { loaded } = now;
  const read = pagesOf(log, projection.query(loaded.state.key));
  while (loaded.position < log.seen) {
    const page = await read(loaded.position);
    if (page.position === loaded.position) break;
    const changes: Loaded<LiveState<Row>>[] = [];
    for (const event of page.events) {
      const next = foldOn(projection, loaded, [event]);
      if (next.state !== loaded.state) changes.push(next);
      loaded = next;
      if (changes.length === mostChanges) break;
    }
    if (changes.length < mostChanges) loaded = { ...loaded, position: page.position };
    if (changes.length > 0)
      return { changes: changes.map((change) => ({ loaded: change, epoch })), held: { loaded, epoch } };
  }
  return { changes: [], held: { loaded, epoch } };
}

/** Somebody was forgotten: the row may read otherwise now. It stays the same object where it does not. */
async function readAnew<Row>(
  projection: LiveProjection<Row>,
  held: HeldRow<Row>,
  { live, log }: { readonly live: LiveReader; readonly log: EventLog },
): Promise<HeldRow<Row>> {
  const { loaded } = held;
  // What nobody's personal data is in reads as it did.
  if (loaded.subjects.length === 0) return { loaded, epoch: log.epoch };
  const anew = await live.hold(projection, loaded.state.key, loaded.position);
  return isDeepStrictEqual(anew.loaded.state, loaded.state) ? { ...anew, loaded } : anew;
}
