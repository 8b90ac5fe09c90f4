/**
 * Lets those who ask for the same key work one after another, in the order of asking. Without it, all who wait for one
 * busy aggregate decide on the same version and all but one conflict: of 64 at once, half had failed after eight tries.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Waits for the turn at each of the keys. All take them in one order, so that no two wait for each other. */
  take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const ordered = keys.length > 1 ? [...new Set(keys)].sort() : keys;
    return ordered.reduceRight((inner, key) => () => this.#takeOne(key, inner), work)();
  }

  async #takeOne<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const { promise: mine, resolve: end } = Promise.withResolvers<void>();
    this.#last.set(key, mine);
    try {
      await before;
      return await work();
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
      end();
    }
  }
}
