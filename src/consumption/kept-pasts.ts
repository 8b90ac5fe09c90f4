import { throwIfAborted } from '../kernel/async.ts';

/** So many are kept: a client that pages through the past, or compares two moments of it, folds each once. */
const mostKept = 2;

/** What a fold gives, and what is to be kept of it for the next, if anything. */
export type Folded<Result, Kept> = { readonly result: Result; readonly kept: Kept | undefined };

/** The last folds, by name. They are made one after another: there is one thread, and what each has in memory may be all that a log tells. */
export class KeptPasts<Kept> {
  readonly #kept = new Map<string, Kept>();
  #last: Promise<unknown> = Promise.resolve();
  #epoch = 0;

  /** Rises when everything is let go of. */
  get epoch(): number {
    return this.#epoch;
  }

  has(name: string): boolean {
    return this.#kept.has(name);
  }

  clear(): void {
    this.#epoch += 1;
    this.#kept.clear();
  }

  /** Folds when nobody else does, on what is kept under that name. Whoever leaves keeps nothing: the next one folds it. */
  inTurn<Result>(
    name: string,
    signal: AbortSignal | undefined,
    fold: (kept: Kept | undefined) => Promise<Folded<Result, Kept>>,
  ): Promise<Result> {
    const done = this.#last.then(async () => {
      throwIfAborted(signal);
      const epoch = this.#epoch;
      const { result, kept } = await fold(this.#kept.get(name));
      if (epoch === this.#epoch) this.#keep(name, kept);
      return result;
    });
    this.#last = done.catch(() => {});
    return done;
  }

  #keep(name: string, kept: Kept | undefined): void {
    this.#kept.delete(name);
    if (kept === undefined) return;
    this.#kept.set(name, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
  }
}
