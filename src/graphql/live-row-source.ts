import { followRow } from '../consumption/follow-row.ts';
import type { LiveProjection } from '../consumption/live-projection.ts';
import { type HeldRow, type LiveRow, rowOf } from '../consumption/live-reader.ts';
import type { Position } from '../persistence/event-store.ts';
import type { Backend } from './backend.ts';
import { type Cursor, type LiveSource, type LiveStep, liveSource } from './live-source.ts';

export type LiveRowOptions<Row, Root extends object> = {
  readonly backend: Pick<Backend, 'live' | 'log' | 'logWatches'>;
  readonly projection: LiveProjection<Row>;
  readonly key: string;
  /** Begins behind it, with the changes; with the row as it is when left out. */
  readonly after: Position | undefined;
  /** Whether the client may see a row: one that it may not see is as if it were not there. */
  readonly isVisible: (row: Row) => boolean;
  readonly toRoot: (row: LiveRow<Row>) => Root;
  readonly signal: AbortSignal;
};

const beginning: Cursor = { position: 0, live: true, snapshot: 'beginning' };

/** A live projection's row, and what each event makes of it. A change that the client cannot see is none. */
export function liveRowSource<Row, Root extends object>(
  options: LiveRowOptions<Row, Root>,
): LiveSource<Root> {
  const { backend, projection, key, after, isVisible, toRoot, signal } = options;
  const { live, log, logWatches } = backend;
  const query = projection.query(key);
  const stepTo = (held: HeldRow<Row>, replaces: boolean): LiveStep<Root> => ({
    ...{ root: toRoot(rowOf(held.loaded)), cursor: cursorOf(held), replaces },
  });
  const isShown = ({ loaded: { state } }: HeldRow<Row>): boolean =>
    state.row !== undefined && isVisible(state.row);

  return liveSource(
    {
      start: after === undefined ? beginning : { position: after, live: true, snapshot: null },
      // The caller may see more now, or less: what it holds is replaced.
      restart: () => beginning,
      watch: () => logWatches.watch(query, { hearsOfForgetting: true }),
      epoch: () => log.epoch,
      async next(cursor) {
        if (cursor.snapshot !== null) {
          const held = await live.hold(projection, key);
          return { steps: [stepTo(held, true)], cursor: cursorOf(held) };
        }
        let before = heldAt<Row>(cursor) ?? (await live.hold(projection, key, cursor.position));
        for (;;) {
          const { changes, held } = await followRow(projection, before, { live, log });
          const steps: LiveStep<Root>[] = [];
          for (const change of changes) {
            if (isShown(before) || isShown(change)) steps.push(stepTo(change, false));
            before = change;
          }
          if (steps.length > 0 || changes.length === 0) return { steps, cursor: cursorOf(held) };
          before = held;
        }
      },
    },
    signal,
  );
}

function cursorOf<Row>(held: HeldRow<Row>): Cursor {
  const { loaded, epoch } = held;
  return { position: loaded.position, revision: epoch, held, live: true, snapshot: null };
}

/** The row that a client holds. Up to its position nothing has happened to it since. */
function heldAt<Row>({ held, position }: Cursor): HeldRow<Row> | undefined {
  if (held === undefined) return undefined;
  // It was put there by the source of this projection.
  return { ...held, loaded: { ...held.loaded, position } } as HeldRow<Row>;
}
