import { onAbort } from '../kernel/async.ts';
import type { Position } from '../persistence/event-store.ts';

/** The keys of the rows that somebody has. */
export interface Held {
  /** Whether it may have one of these, as long as all before them was read by a statement that began at `since`. */
  mayHaveAny(keys: ReadonlySet<string>, since: number): boolean;
}

/** Hears of the stretches of the log that concern it, and of no others: it costs nothing while there are none. */
export class Watch implements Disposable {
  #last: Position = 0;
  #isStirred = false;
  #wake: ((after: Position) => void) | undefined;
  #held: Held | undefined;
  readonly #leave: (watch: Watch) => void;

  constructor(leave: (watch: Watch) => void) {
    this.#leave = leave;
  }

  /** Something that concerns it stands behind `after`, up to `to`. */
  hear({ after, to }: { readonly after: Position; readonly to: Position }): void {
    this.#last = to;
    this.#wake?.(after);
  }

  /** Something concerns it, wherever it is; positions may have begun anew. Up to `after` it has heard of what concerns it. */
  stir(after: Position = 0): void {
    this.#last = 0;
    this.#isStirred = true;
    this.#wake?.(after);
  }

  /** Whether its owner may have one of these rows. What it has while it does not wait, is about to change. */
  mayHold(keys: ReadonlySet<string>, since: number): boolean {
    return this.#held?.mayHaveAny(keys, since) ?? true;
  }

  /**
   * Waits until something behind a position concerns it, up to which its owner has looked; at once when something did
   * meanwhile. Gives the position to go on from: between the two nothing concerned it. The signal's abort ends the wait too. `held`
   * is left out where it is not known.
   */
  async changed(position: Position, signal: AbortSignal, held?: Held): Promise<Position> {
    const isOwed = this.#isStirred || this.#last > position;
    this.#isStirred = false;
    if (isOwed || signal.aborted) return position;
    const { promise, resolve } = Promise.withResolvers<Position>();
    this.#wake = resolve;
    this.#held = held;
    const release = onAbort(signal, () => resolve(position));
    const after = await promise;
    this.#wake = undefined;
    this.#held = undefined;
    this.#isStirred = false;
    release();
    return Math.max(position, after);
  }

  [Symbol.dispose](): void {
    this.#leave(this);
  }
}
