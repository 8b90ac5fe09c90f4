import { createId } from '../../kernel/ids.ts';
import type { StoredKey } from '../../persistence/key-store.ts';

/** The keys by their ids, and by whose they are. */
export class MemoryKeys {
  readonly #keys = new Map<string, StoredKey>();
  readonly #idsOf = new Map<string | null, readonly string[]>();

  get(id: string): StoredKey | undefined {
    return this.#keys.get(id);
  }

  /** One at most for a subject, any number for `null`. */
  of(subject: string | null): readonly StoredKey[] {
    const ids = this.#idsOf.get(subject) ?? [];
    return ids.map((id) => this.#keys.get(id)).filter((key) => key !== undefined);
  }

  all(): readonly StoredKey[] {
    return [...this.#keys.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  put(key: StoredKey): void {
    if (!this.#keys.has(key.id))
      this.#idsOf.set(key.subject, [...(this.#idsOf.get(key.subject) ?? []), key.id]);
    this.#keys.set(key.id, key);
  }

  /** A subject without a key gets a destroyed one, so that it never gets another. */
  destroy(subject: string): void {
    const [known = { id: createId(), subject, masterId: '' }] = this.of(subject);
    this.put({ ...known, wrapped: null });
  }
}
