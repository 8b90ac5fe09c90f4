import type { AnyRow } from '../consumption/projection.ts';

type Frame = {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly upserted: readonly AnyRow[];
  readonly removed: readonly string[];
};

/**
 * The keys of the rows that a live client holds who must not hear of others: where the table does not tell what a row was, a
 * row that it may not see now is either one of these, or none of its business. Unknown from a resumption to the next snapshot.
 */
export class GivenKeys {
  readonly #keyField: string;
  #keys: Set<string> | undefined;

  constructor(keyField: string) {
    this.#keyField = keyField;
  }

  get isKnown(): boolean {
    return this.#keys !== undefined;
  }

  has(key: string): boolean {
    return this.#keys?.has(key) === true;
  }

  note({ kind, upserted, removed }: Frame): void {
    if (kind === 'SNAPSHOT') this.#keys = new Set();
    for (const row of upserted) this.#keys?.add(String(row[this.#keyField]));
    for (const key of removed) this.#keys?.delete(key);
  }
}
