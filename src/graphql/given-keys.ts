import type { AnyRow } from '../consumption/projection.ts';

type Frame = { readonly upserted: readonly AnyRow[]; readonly removed: readonly string[] };

let made = 0;

/**
 * The keys of the rows that a live client holds. Where changes are read from the table, it does not tell what a row was: one that does
 * not pass the client's filter now is either one of these, and removed, or none of its business. They never change: clients share them.
 */
export class GivenKeys {
  /** Of these and no others. */
  readonly id: number;
  readonly #keyField: string;
  readonly #keys: ReadonlySet<string>;
  /** One for all that came of one another. */
  readonly #doubt: { at: number };

  private constructor(keyField: string, keys: ReadonlySet<string>, doubt = { at: -1 }) {
    made += 1;
    this.id = made;
    this.#keyField = keyField;
    this.#keys = keys;
    this.#doubt = doubt;
  }

  static none(keyField: string): GivenKeys {
    return new GivenKeys(keyField, new Set());
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** When somebody last came who may hold more, on the process's clock; before it began where nobody has. */
  get doubtedAt(): number {
    return this.#doubt.at;
  }

  /**
   * Somebody goes on from here too. It was told the same, but a table can be ahead of what is told: it may hold what was there when it
   * read, and is gone.
   */
  doubt(): void {
    this.#doubt.at = performance.now();
  }

  /** Whether the row may be held, where all before was read by a statement that began at `since`: all who came earlier were told of it. */
  mayHave(key: string, since: number): boolean {
    return this.#doubt.at >= since || this.#keys.has(key);
  }

  mayHaveAny(keys: ReadonlySet<string>, since: number): boolean {
    return this.#doubt.at >= since || keys.values().some((key) => this.#keys.has(key));
  }

  /** What a client holds that got this frame too. */
  behind({ upserted, removed }: Frame): GivenKeys {
    const added = upserted.map((row) => String(row[this.#keyField])).filter((key) => !this.#keys.has(key));
    const gone = removed.filter((key) => this.#keys.has(key));
    if (added.length === 0 && gone.length === 0) return this;
    const keys = new Set(this.#keys);
    for (const key of added) keys.add(key);
    for (const key of gone) keys.delete(key);
    return new GivenKeys(this.#keyField, keys, this.#doubt);
  }
}
