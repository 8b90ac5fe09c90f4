import { isDeepStrictEqual } from 'node:util';
import { foldRows } from '../../../src/consumption/fold-rows.ts';
import type { AnyProjection, AnyRow } from '../../../src/consumption/projection.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';

type View = Readonly<Record<string, unknown>>;
type Change = { readonly position: number; readonly row: View | undefined };

/** What a client is to see of a table, at every position of the log: folded from the log, one event after the other. */
export class TableHistory {
  readonly #changes = new Map<string, Change[]>();

  constructor(
    projection: AnyProjection,
    events: readonly StoredEvent[],
    view: (row: AnyRow) => View | undefined,
  ) {
    const rows = new Map<string, AnyRow>();
    for (const event of events)
      for (const { key, after } of foldRows(projection, [event], rows)) {
        if (after === undefined) rows.delete(key);
        else rows.set(key, after);
        const changes = this.#changes.get(key) ?? [];
        this.#changes.set(key, changes);
        changes.push({ position: event.position, row: after && view(after) });
      }
  }

  /** The keys of the rows that are not as they were at that position. */
  differences(held: ReadonlyMap<string, View>, at: number): readonly string[] {
    return [...new Set([...this.#changes.keys(), ...held.keys()])].filter((key) => {
      const row = this.#changes.get(key)?.findLast(({ position }) => position <= at)?.row;
      return !isDeepStrictEqual(row, held.get(key));
    });
  }
}
