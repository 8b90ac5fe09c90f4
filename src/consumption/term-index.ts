/** A value at a place in a row: `status` is `PAID`. Equal values are equal texts. */
export type Term = { readonly path: string; readonly value: string };

/** The values that a row has at a path. */
export type ValuesAt = (path: string) => readonly string[];

/**
 * Finds what asks for a value among thousands that ask for others, without trying each. An entry stands under its terms: it
 * can only be meant by a row that has at least one of them. One without terms (`null`) can be meant by any row.
 */
export class TermIndex<Entry> {
  readonly #byPath = new Map<string, Map<string, Set<Entry>>>();
  readonly #anywhere = new Set<Entry>();

  get isEmpty(): boolean {
    return this.#byPath.size === 0 && this.#anywhere.size === 0;
  }

  add(entry: Entry, terms: readonly Term[] | null): void {
    if (terms === null) this.#anywhere.add(entry);
    for (const { path, value } of terms ?? []) {
      const byValue = this.#byPath.get(path) ?? new Map<string, Set<Entry>>();
      this.#byPath.set(path, byValue);
      const entries = byValue.get(value) ?? new Set();
      byValue.set(value, entries.add(entry));
    }
  }

  /** Takes an entry away again that was added under the same terms. */
  remove(entry: Entry, terms: readonly Term[] | null): void {
    this.#anywhere.delete(entry);
    for (const { path, value } of terms ?? []) {
      const byValue = this.#byPath.get(path);
      const entries = byValue?.get(value);
      entries?.delete(entry);
      if (entries?.size === 0) byValue?.delete(value);
      if (byValue?.size === 0) this.#byPath.delete(path);
    }
  }

  /** All entries that a row can be meant by, and perhaps some more; one may come twice. */
  *find(valuesAt: ValuesAt): Generator<Entry> {
    yield* this.#anywhere;
    for (const [path, byValue] of this.#byPath)
      for (const value of valuesAt(path)) yield* byValue.get(value) ?? [];
  }

  *[Symbol.iterator](): Generator<Entry> {
    yield* this.#anywhere;
    for (const byValue of this.#byPath.values()) for (const entries of byValue.values()) yield* entries;
  }
}
