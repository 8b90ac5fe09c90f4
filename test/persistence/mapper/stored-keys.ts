import type { KeyStore, StoredKey } from '../../../src/persistence/key-store.ts';
import { createMasterKey, parseMasterKeys } from '../../../src/persistence/mapper/master-keys.ts';

export const masterKeys = parseMasterKeys(createMasterKey('test'));

/** Keys in an array, as any store keeps them, and which calls were made. */
export class StoredKeys implements KeyStore {
  keys: readonly StoredKey[] = [];
  readonly calls: string[] = [];
  /** Runs while an answer is on its way. */
  meanwhile: () => void = () => {};

  async findKeys({ ids = [], subjects = [] }: Parameters<KeyStore['findKeys']>[0]) {
    this.calls.push(`find ${ids.length + subjects.length}`);
    const found = this.keys.filter(({ id, subject }) => ids.includes(id) || subjects.includes(subject));
    await this.#answer();
    return found;
  }

  async addKeys(keys: readonly StoredKey[]) {
    this.calls.push(`add ${keys.length}`);
    const stored = keys.map((key) => this.#add(key));
    await this.#answer();
    return stored;
  }

  async listKeys({ after = '', limit }: Parameters<KeyStore['listKeys']>[0]) {
    this.calls.push(`list ${limit}`);
    return this.keys
      .filter(({ id }) => id > after)
      .toSorted((one, other) => (one.id < other.id ? -1 : 1))
      .slice(0, limit);
  }

  async rewrapKeys(keys: readonly StoredKey[]) {
    this.calls.push(`rewrap ${keys.length}`);
    const byId = new Map(keys.map((key) => [key.id, key]));
    this.keys = this.keys.map((key) => (key.wrapped === null ? key : (byId.get(key.id) ?? key)));
  }

  /** What an append that forgets the subject does. */
  destroy(subject: string): void {
    this.keys = this.keys.map((key) => (key.subject === subject ? { ...key, wrapped: null } : key));
  }

  #add(key: StoredKey): StoredKey {
    const known = this.keys.find(({ subject }) => subject !== null && subject === key.subject);
    if (known === undefined) this.keys = [...this.keys, key];
    return known ?? key;
  }

  async #answer(): Promise<void> {
    await Promise.resolve();
    this.meanwhile();
  }
}
