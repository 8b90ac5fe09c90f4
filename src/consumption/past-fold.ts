import type { StoredEvent } from '../domain/event.ts';
import { foldBatch } from './fold-batch.ts';
import { checkFolds, type RowChange } from './fold-rows.ts';
import type { KeptBackEvents } from './kept-back-events.ts';
import { type KeyedEvent, keyEvents } from './key-events.ts';
import type { AnyProjection, AnyRow } from './projection.ts';

/** What one event did to a row. `before` is undefined where there was none, `after` where there is none any more. */
export type RowStep = {
  readonly key: string;
  readonly event: StoredEvent;
  readonly before: AnyRow | undefined;
  readonly after: AnyRow | undefined;
};

export type PastFoldOptions = {
  /** What the table is without: it is not called for here either. */
  readonly keptBack: KeptBackEvents;
  /** Which rows are folded; all unless given. */
  readonly isWanted?: (key: string) => boolean;
};

/**
 * Folds rows anew as their table has folded them: without what is kept back there. A row stays as it was before an event that cannot
 * be folded, parked or not, and all others go on. Rows carry the position that changed them last.
 */
export class PastFold {
  readonly rows = new Map<string, AnyRow>();
  readonly #projection: AnyProjection;
  readonly #options: PastFoldOptions;
  readonly #held = new Set<string>();

  /** @throws LivefoldError `NO_FOLD` */
  constructor(projection: AnyProjection, options: PastFoldOptions) {
    checkFolds(projection);
    this.#projection = projection;
    this.#options = options;
  }

  /** Whether something could not be folded that is not parked: it may be another time. */
  get hasFailed(): boolean {
    return this.#held.size > 0;
  }

  /** Takes in the next events, and tells what each did; those that change nothing are left out. */
  async add(events: readonly StoredEvent[]): Promise<readonly RowStep[]> {
    const { keptBack, isWanted = () => true } = this.#options;
    const isLacking = ({ key, event }: KeyedEvent): boolean => keptBack.lacks(key, event.position);
    // A handler that does not end would be called for nothing.
    const known = events.filter(({ position }) => !keptBack.isLackedByAll(position));
    // Whatever the fault, it is its key's alone.
    const options = { parked: this.#held, judge: () => {} };
    const { keyed, keptBack: unkeyed } = await keyEvents(this.#projection, known, options);
    const steps: RowStep[] = [];
    const folded = await foldBatch(
      this.#projection,
      keyed.filter((one) => isWanted(one.key) && !isLacking(one)),
      {
        ...{ ...options, rows: this.rows, refused: new Map() },
        onFolded: (one, change) => {
          if (change?.position !== one.event.position) return;
          const step = this.#step(one, change);
          if (step.before !== undefined || step.after !== undefined) steps.push(step);
        },
      },
    );
    for (const { key } of [...unkeyed, ...folded.keptBack]) this.#held.add(key);
    return steps;
  }

  #step({ key, event }: KeyedEvent, change: RowChange): RowStep {
    const before = this.rows.get(key);
    const after = change.after && { ...change.after, position: change.position };
    if (after === undefined) this.rows.delete(key);
    else this.rows.set(key, after);
    return { key, event, before, after };
  }
}
