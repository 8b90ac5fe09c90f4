import type { HeldRow } from '../consumption/live-reader.ts';
import type { Watch } from '../consumption/watch.ts';
import { canonicalJson } from '../kernel/json.ts';
import type { Position } from '../persistence/event-store.ts';
import type { GivenKeys } from './given-keys.ts';

/**
 * Where a client is in a live source. It is a value: whoever holds it can go on from there, and clients at the same place can
 * share what comes next.
 */
export type Cursor = {
  readonly position: Position;
  /** Which revision of the rows it has seen, where they can change without the position; left out where that is to be found out. */
  readonly revision?: number | undefined;
  /** Which of the tables it has seen that one name had, one after the other; left out by who comes from elsewhere. */
  readonly epoch?: number | undefined;
  /** The horizon of the table's memory when it got its snapshot; 0 for one that resumes. */
  readonly horizon?: Position | undefined;
  /** What it holds, where the table alone tells of changes, or it must not hear of what others hold; left out where that is not known. */
  readonly given?: GivenKeys | undefined;
  /** The row that it has, where it follows one that is folded; left out by who comes from elsewhere. */
  readonly held?: HeldRow<unknown> | undefined;
  /** Whether the client's last frame said that it is up to date: where more was announced, more follows. */
  readonly live: boolean;
  /** Where a snapshot is that is under way. */
  readonly snapshot: SnapshotPlace | 'beginning' | null;
};

/** The position that a snapshot began at, and its last row's key. */
export type SnapshotPlace = { readonly at: Position; readonly last: string };

/** Equal for clients at the same place. */
export function keyOfCursor({ given, held: _, ...place }: Cursor): string {
  // At one position and revision all hold the same row.
  return canonicalJson([place, given?.id, given?.doubtedAt]);
}

/** Whether a client at one cursor has not heard of something that one at the other has. */
export function isBehind(cursor: Cursor, other: Cursor): boolean {
  const { epoch = 0, revision = 0 } = cursor;
  const { epoch: otherEpoch = 0, revision: otherRevision = 0 } = other;
  if (epoch !== otherEpoch) return epoch < otherEpoch;
  return cursor.position < other.position || revision < otherRevision;
}

/** A frame, and where a client is that has it. */
export type LiveStep<Root extends object = object> = {
  readonly root: Root;
  readonly cursor: Cursor;
  /** Whether it replaces what the client holds. */
  readonly replaces: boolean;
};

/** The frames behind a cursor, in order; none when a client there is up to date. `cursor` is behind all of them. */
export type LiveSteps<Root extends object = object> = {
  readonly steps: readonly LiveStep<Root>[];
  readonly cursor: Cursor;
};

/** Frames that follow from a cursor alone. */
type LiveParts<Root extends object> = {
  readonly start: Cursor;
  /** Where a client goes on that was at the cursor and may see something else since. */
  restart(cursor: Cursor): Cursor;
  next(cursor: Cursor, signal: AbortSignal): Promise<LiveSteps<Root>>;
  /** Hears of what concerns the source from now on. */
  watch(): Watch;
  /** Rises when what was read before must not be told any more. */
  epoch(): number;
};

/** What the resolver of a subscription field returns whose results clients share. */
export type LiveSource<Root extends object = object> = LiveParts<Root> & AsyncIterable<Root>;

const sources = new WeakSet<object>();

/** A source from its parts. As an iterable, which graphql-js asks for, it serves one client until the signal aborts. */
export function liveSource<Root extends object>(
  parts: LiveParts<Root>,
  signal: AbortSignal,
): LiveSource<Root> {
  const source = { ...parts, [Symbol.asyncIterator]: () => follow(parts, signal) };
  sources.add(source);
  return source;
}

/** Whether a subscription's source is one that clients share. */
export function isLiveSource(source: object): source is LiveSource {
  return sources.has(source);
}

async function* follow<Root extends object>(
  source: LiveParts<Root>,
  signal: AbortSignal,
): AsyncGenerator<Root> {
  using watch = source.watch();
  let cursor = source.start;
  while (!signal.aborted) {
    const epoch = source.epoch();
    const { steps, cursor: next } = await source.next(cursor, signal);
    for (const step of steps) {
      // A client may take its time: who was forgotten since is read again.
      if (source.epoch() !== epoch) break;
      cursor = step.cursor;
      yield step.root;
    }
    if (steps.length === 0)
      cursor = { ...next, position: await watch.changed(next.position, signal, next.given) };
    else if (source.epoch() === epoch) cursor = next;
  }
}
