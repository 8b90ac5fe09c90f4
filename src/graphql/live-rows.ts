import type { ChangeBatch } from '../consumption/change-feed.ts';
import { type Filter, passes } from '../consumption/filter.ts';
import type { RowChange } from '../consumption/fold-rows.ts';
import type { AnyProjection, AnyRow } from '../consumption/projection.ts';
import type { RunningProjection } from '../consumption/projection-runner.ts';
import type { ReadModels } from '../consumption/read-models.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';
import { GivenKeys } from './given-keys.ts';
import type { Cursor, SnapshotPlace } from './live-source.ts';
import { readMissedChanges } from './missed-changes.ts';

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
const snapshotPageSize = 500;
/** Who holds more rows than this looks at every change, where the table alone tells of them. */
const mostGiven = 500;
/** So long a resuming client waits for a projection that is behind its position, in milliseconds. */
const longestWait = 30_000;

/**
 * The rows that pass a filter, and every committed change among them. The subscriber is a cursor: what memory no longer
 * holds is read from the table, several changes of a row as one, so a slow one costs nothing and loses nothing.
 */
export async function* liveRows(options: LiveOptions): AsyncGenerator<LiveFrame> {
  const { running, filter, signal } = options;
  using watch = running.feed.watch(filter);
  let cursor = cursorBehind(options.after);
  while (!signal.aborted) {
    const found = await unlessStopped(nextFrame(options, cursor), signal);
    if (found === undefined) return;
    const { frame, cursor: next } = found;
    if (frame !== null) yield frame;
    cursor =
      frame !== null ? next : { ...next, position: await watch.changed(next.position, signal, next.given) };
  }
}

/** What it gives; nothing where it fails since it was stopped: that is how a subscription ends, and no error. */
async function unlessStopped<Result>(
  work: Promise<Result>,
  signal: AbortSignal,
): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (signal.aborted && isLivefoldError(error, 'ABORTED')) return undefined;
    throw error;
  }
}

/** Where a client begins: behind the frame that it has, or with a snapshot. */
export function cursorBehind(position: Position | null | undefined): Cursor {
  return position ? { position, live: true, snapshot: null } : beginning;
}

const beginning: Cursor = { position: 0, live: true, snapshot: 'beginning' };

type Next = { readonly frame: LiveFrame | null; readonly cursor: Cursor };
type Options = Omit<LiveOptions, 'after'>;

/** The frame behind a cursor, and the cursor of a client that has it; null for a client that is up to date. */
export async function nextFrame(options: Options, cursor: Cursor): Promise<Next> {
  const { running } = options;
  const { feed } = running;
  let { position, revision } = cursor;
  const { epoch = feed.epoch } = cursor;
  // The table that the client's frames are of may not be the one that there is now.
  const isLost = cursor.epoch === undefined && position < feed.horizon;
  if (cursor.snapshot === 'beginning' || isLost) return snapshotPage(options, beginning);
  for (;;) {
    if (epoch !== feed.epoch) return snapshotPage(options, beginning);
    if (cursor.snapshot !== null) return snapshotPage(options, cursor);
    await reach(options, position, epoch);
    if (epoch !== feed.epoch) continue;
    // Rows may change without the position, when what was kept back of them is folded: then the table is read from where the client is.
    const isAmended = (revision ?? feed.revisionAt(position)) !== feed.revision;
    ({ revision } = feed);
    const batch = isAmended ? { changes: null } : feed.burst(position);
    if (batch === undefined) return upToDate(options, { ...cursor, revision, epoch });
    const frame =
      batch.changes === null
        ? await readMissed(options, { ...cursor, position })
        : frameOf(options, { ...batch, changes: batch.changes }, cursor.given);
    if (frame === null) return snapshotPage(options, beginning);
    position = Math.max(position, frame.position);
    if (isEmpty(frame)) continue;
    const given = keep(options, cursor.given?.behind(frame));
    return {
      // The table may say less than the client has seen, for a moment: where its database lost the last commits.
      frame: { ...frame, position },
      cursor: { ...cursor, position, revision, epoch, given, live: frame.live },
    };
  }
}

/** Waits for the feed: the table may be ahead of it, as may be a client that was at another process. */
async function reach({ running, signal }: Options, position: Position, epoch: number): Promise<void> {
  const { feed } = running;
  if (position <= feed.position) return;
  try {
    await running.waitFor(position, { timeout: longestWait, signal });
  } catch (error) {
    // Another table may never get there.
    if (epoch === feed.epoch) throw error;
  }
}

function upToDate({ running: { feed } }: Options, cursor: Cursor): Next {
  const { position } = feed;
  const frame: LiveFrame = { kind: 'DELTA', position, upserted: [], removed: [], live: true };
  return { frame: cursor.live ? null : frame, cursor: { ...cursor, position, live: true } };
}

/** All rows, a page at a time. What changes while there are more pages to come, comes again behind the position of the first. */
async function snapshotPage(options: Options, cursor: Cursor): Promise<Next> {
  const { running, models, filter } = options;
  const { projection, feed } = running;
  const begun = typeof cursor.snapshot === 'object' ? cursor.snapshot : null;
  const isFirst = begun === null;
  const { epoch, revision, horizon } = isFirst ? feed : cursor;
  const { rows, at } = await readPage(models, begun, { projection, filter, told: feed.position });
  const page = rows.slice(0, snapshotPageSize);
  const isComplete = rows.length === page.length;
  const live = isComplete && at >= feed.position;
  const position = isComplete ? at : 0;
  const last = String(page.at(-1)?.[projection.keyField]);
  const kind = isFirst ? 'SNAPSHOT' : 'DELTA';
  const frame: LiveFrame = { kind, position, upserted: page, removed: [], live };
  const before = isFirst ? keep(options, GivenKeys.none(projection.keyField)) : cursor.given;
  const given = keep(options, before?.behind(frame));
  const place = { position, epoch, revision, horizon, given, live };
  return { frame, cursor: { ...place, snapshot: isComplete ? null : { at, last } } };
}

type PageOptions = {
  readonly projection: AnyProjection;
  readonly filter: Filter | null | undefined;
  /** Where the feed was before. */
  readonly told: Position;
};

/** A page's rows, one more where others follow, and where the snapshot stands. */
async function readPage(
  models: ReadModels,
  begun: SnapshotPlace | null,
  { projection, filter, told }: PageOptions,
): Promise<{ readonly rows: readonly AnyRow[]; readonly at: Position }> {
  const limit = snapshotPageSize + 1;
  if (begun !== null) {
    const after = { value: null, key: begun.last };
    return { rows: await models.rows(projection, { filter, after, limit }), at: begun.at };
  }
  const { rows, position } = await models.snapshot(projection, { filter, limit });
  // A database that lost its last commits stands further back, for a moment.
  return { rows, at: Math.max(position, told) };
}

/** What is to be remembered of what a client holds: it costs memory for each. */
function keep(
  { running, filter, isPartial = false }: Options,
  given: GivenKeys | undefined,
): GivenKeys | undefined {
  // What other callers have is none of this one's business.
  if (isPartial || given === undefined) return given;
  // Folding tells what a row was; without a filter all that changes is meant.
  const isNeeded = !running.isFoldedHere && filter !== null && filter !== undefined;
  return isNeeded && given.size <= mostGiven ? given : undefined;
}

async function readMissed(
  { running, models, filter, isPartial, signal }: Options,
  { position, horizon = 0, given }: Cursor,
): Promise<LiveFrame | null> {
  const { projection, feed } = running;
  const missed = await readMissedChanges(running, models, { position, horizon, signal });
  if (missed === null || (isPartial && given === undefined)) return null;
  const isMeant = (row: AnyRow): boolean => passes(filter, row, feed.isDecimal);
  // What a row was before is not known here, so a row that is not meant now counts as one that may have been.
  const left = missed.upserted.filter((row) => !isMeant(row)).map((row) => String(row[projection.keyField]));
  return {
    kind: 'DELTA',
    position: missed.position,
    upserted: missed.upserted.filter(isMeant),
    removed: [...missed.removed, ...left].filter(holding(given, isPartial)),
    live: missed.position >= feed.position,
  };
}

type KnownBatch = ChangeBatch & { readonly changes: readonly RowChange[] };

/** `null` where it cannot be told to somebody who must not hear of what others hold. */
function frameOf(
  { running, filter, isPartial = false }: Options,
  { to, changes, fromTable }: KnownBatch,
  given: GivenKeys | undefined,
): LiveFrame | null {
  if (fromTable !== undefined && isPartial && given === undefined) return null;
  const mayBeHeld = holding(given, isPartial, fromTable?.since);
  const { feed } = running;
  const isMeant = (row: AnyRow | undefined): row is AnyRow =>
    row !== undefined && passes(filter, row, feed.isDecimal);
  const upserted: AnyRow[] = [];
  const removed: string[] = [];
  for (const { key, before, after } of changes) {
    if (isMeant(after)) upserted.push(after);
    else if (fromTable === undefined ? isMeant(before) : mayBeHeld(key)) removed.push(key);
  }
  return { kind: 'DELTA', position: to, upserted, removed, live: feed.next(to) === undefined };
}

/** Whether somebody may hold a row which is not meant. Who must not hear of what others hold hears of what it was given alone. */
function holding(given: GivenKeys | undefined, isPartial = false, since = 0): (key: string) => boolean {
  return (key) => (isPartial ? given?.has(key) : given?.mayHave(key, since)) ?? true;
}

function isEmpty({ upserted, removed }: LiveFrame): boolean {
  return upserted.length === 0 && removed.length === 0;
}
