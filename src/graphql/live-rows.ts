import type { ChangeBatch } from '../consumption/change-feed.ts';
import { decimalFields } from '../consumption/decimal-fields.ts';
import { type Filter, passes } from '../consumption/filter.ts';
import type { RowChange } from '../consumption/fold-rows.ts';
import type { AnyRow } from '../consumption/projection.ts';
import type { RunningProjection } from '../consumption/projection-runner.ts';
import type { ReadModels } from '../consumption/read-models.ts';
import type { Position } from '../persistence/event-store.ts';
import { GivenKeys } from './given-keys.ts';
import { type MissedSince, readMissedChanges } from './missed-changes.ts';

/** One frame of a live field. `position` is where a client that has it may resume; 0 while a snapshot is incomplete. */
export type LiveFrame<Row = AnyRow> = {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly position: Position;
  readonly upserted: readonly Row[];
  readonly removed: readonly string[];
  readonly live: boolean;
};

export type LiveOptions = {
  readonly running: RunningProjection;
  readonly models: ReadModels;
  readonly filter?: Filter | null | undefined;
  /** Whether the filter hides rows that the client may not know of: then it is told of no removal but of rows it was given. */
  readonly isPartial?: boolean;
  /** Resumes behind this frame; a snapshot comes first when it is left out, 0 or too old. */
  readonly after?: Position | null | undefined;
  readonly signal: AbortSignal;
};

/** Most rows in one frame of a snapshot. */
const snapshotPage = 500;
/** So long a resuming client waits for a projection that is behind its position, in milliseconds. */
const longestWait = 30_000;

/**
 * The rows that pass a filter, and every committed change among them. The subscriber is a cursor: what memory no longer
 * holds is read from the table, several changes of a row as one, so a slow one costs nothing and loses nothing.
 */
export async function* liveRows(options: LiveOptions): AsyncGenerator<LiveFrame> {
  const { running, signal } = options;
  const { feed } = running;
  let position = options.after ?? 0;
  // Whether the client's last frame said that it is up to date: where more was announced, more follows.
  let live = true;
  const given = options.isPartial ? new GivenKeys(running.projection.keyField) : undefined;
  // Rows may change without the position, when what was kept back of them is folded: then the table is read from where the client is.
  let revision: number | undefined = feed.revision;
  let { epoch } = feed;
  let horizon = 0;
  // The table that the client's frames are of may not be the one that there is now.
  if (position === 0 || position < feed.horizon)
    ({ position, live, horizon } = yield* snapshot(options, given));
  else {
    await running.waitFor(position, { timeout: longestWait, signal });
    revision = feed.revisionAt(position);
  }
  while (!signal.aborted) {
    const seen = feed.bell.rings;
    if (epoch !== feed.epoch) {
      ({ epoch, revision } = feed);
      ({ position, live, horizon } = yield* snapshot(options, given));
      continue;
    }
    const head = feed.position;
    const isAmended = revision !== feed.revision;
    ({ revision } = feed);
    const batch = isAmended ? { changes: null } : feed.next(position);
    if (batch === undefined) {
      position = Math.max(position, head);
      if (!live) yield { kind: 'DELTA', position, upserted: [], removed: [], live: true };
      live = true;
      await feed.bell.wait(seen, { signal });
      continue;
    }
    const frame =
      batch.changes === null
        ? await readMissed(options, { position, horizon }, given)
        : frameOf(options, batch, batch.changes);
    if (frame === null) {
      ({ revision } = feed);
      ({ position, live, horizon } = yield* snapshot(options, given));
      continue;
    }
    position = Math.max(position, frame.position);
    if (isEmpty(frame)) continue;
    given?.note(frame);
    live = frame.live;
    // The table may say less than the client has seen, for a moment: where its database lost the last commits.
    yield { ...frame, position };
  }
}

/** All rows, a page at a time. What changes meanwhile comes again behind the position taken at the start. */
async function* snapshot(
  { running, models, filter }: LiveOptions,
  given: GivenKeys | undefined,
): AsyncGenerator<LiveFrame, Pick<LiveFrame, 'position' | 'live'> & { readonly horizon: Position }> {
  const { projection, feed } = running;
  const { position, horizon } = feed;
  let kind: LiveFrame['kind'] = 'SNAPSHOT';
  let last: AnyRow | undefined;
  for (;;) {
    const after = last && { value: null, key: String(last[projection.keyField]) };
    const rows = await models.rows(projection, { filter, after, limit: snapshotPage + 1 });
    const page = rows.slice(0, snapshotPage);
    const isComplete = rows.length === page.length;
    const live = isComplete && position >= feed.position;
    const frame = { kind, position: isComplete ? position : 0, upserted: page, removed: [], live };
    given?.note(frame);
    yield frame;
    if (isComplete) return { position, live, horizon };
    kind = 'DELTA';
    last = page.at(-1);
  }
}

async function readMissed(
  { running, models, filter }: LiveOptions,
  since: MissedSince,
  given: GivenKeys | undefined,
): Promise<LiveFrame | null> {
  const { projection, feed } = running;
  const missed = await readMissedChanges(running, models, since);
  if (missed === null || given?.isKnown === false) return null;
  const isMeant = (row: AnyRow): boolean => passes(filter, row, decimalFields(projection));
  // What a row was before is not known here, so a row that is not meant now counts as one that may have been.
  const left = missed.upserted.filter((row) => !isMeant(row)).map((row) => String(row[projection.keyField]));
  return {
    kind: 'DELTA',
    position: missed.position,
    upserted: missed.upserted.filter(isMeant),
    removed: [...missed.removed, ...left].filter((key) => given?.has(key) ?? true),
    live: missed.position >= feed.position,
  };
}

function frameOf(
  { running, filter }: LiveOptions,
  { to }: ChangeBatch,
  changes: readonly RowChange[],
): LiveFrame {
  const { projection, feed } = running;
  const isMeant = (row: AnyRow | undefined): row is AnyRow =>
    row !== undefined && passes(filter, row, decimalFields(projection));
  const upserted: AnyRow[] = [];
  const removed: string[] = [];
  for (const { key, before, after } of changes) {
    if (isMeant(after)) upserted.push(after);
    else if (isMeant(before)) removed.push(key);
  }
  return { kind: 'DELTA', position: to, upserted, removed, live: feed.next(to) === undefined };
}

function isEmpty({ upserted, removed }: LiveFrame): boolean {
  return upserted.length === 0 && removed.length === 0;
}
