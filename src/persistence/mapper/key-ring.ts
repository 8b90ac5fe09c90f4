import { TurnBatch } from '../../kernel/turn-batch.ts';
import type { KeyStore, StoredKey } from '../key-store.ts';
import { type FoundKey, toFoundKey, wantSecret } from './found-key.ts';
import { KeyCache } from './key-cache.ts';
import type { MasterKeys } from './master-keys.ts';
import { createWrappedKey, isWrapped, type SealingKey, unwrapKey } from './sealing-key.ts';
import type { MaybePromise } from './when-ready.ts';

/** Keys by id. */
export type KeyLookup = ReadonlyMap<string, FoundKey>;

/** So long a data key is taken for the newest one. */
const newestFor = 60_000;

/** The keys of a key store, unwrapped. What is in memory is given at once, not as a promise. */
export class KeyRing {
  readonly #store: KeyStore;
  readonly #masterKeys: MasterKeys;
  readonly #cache = new KeyCache();
  /** Made for the events of transactions that may still be rolled back, and their keys with them: only read with. */
  readonly #uncommitted = new KeyCache();
  readonly #made = new TurnBatch((subjects: readonly string[]) => this.#makeKeys(subjects));
  #newest: { readonly key: SealingKey; readonly until: number } | undefined;
  #loadingNewest: Promise<SealingKey> | undefined;
  #drops = 0;

  constructor(store: KeyStore, masterKeys: MasterKeys) {
    this.#store = store;
    this.#masterKeys = masterKeys;
  }

  /**
   * The key that seals whole events: the newest one of no subject, made when there is none. For the events of a transaction,
   * that is given, here and below.
   */
  dataKey(transaction?: unknown): MaybePromise<SealingKey> {
    if (this.#newest !== undefined && performance.now() < this.#newest.until) return this.#newest.key;
    if (transaction !== undefined) return this.#loadNewest(transaction);
    this.#loadingNewest ??= this.#loadNewest().finally(() => {
      this.#loadingNewest = undefined;
    });
    return this.#loadingNewest;
  }

  /**
   * The keys to seal these subjects' data with, by subject. Those that are missing are made; all that are asked for in one turn
   * of the event loop, in one call of the store.
   *
   * @throws LivefoldError `SUBJECT_FORGOTTEN`, `WRONG_MASTER_KEY`
   */
  subjectKeys(
    subjects: Iterable<string>,
    transaction?: unknown,
  ): MaybePromise<ReadonlyMap<string, SealingKey>> {
    const found = new Map<string, SealingKey>();
    const missing: string[] = [];
    for (const subject of subjects) {
      const key = this.#cache.ofSubject(subject);
      if (key === undefined) missing.push(subject);
      else found.set(subject, notForgotten(key));
    }
    return missing.length === 0 ? found : this.#addMade(found, missing, transaction);
  }

  /** Keys by their ids, and those of subjects; nothing is made, and unknown ones are left out. */
  findKeys(wanted: {
    readonly ids?: Iterable<string>;
    readonly subjects?: Iterable<string>;
  }): MaybePromise<KeyLookup> {
    const found = new Map<string, FoundKey>();
    const known = (id: string): FoundKey | undefined => this.#cache.get(id) ?? this.#uncommitted.get(id);
    const ids = [...(wanted.ids ?? [])].filter((id) => !take(found, known(id)));
    const subjects = [...(wanted.subjects ?? [])].filter((one) => !take(found, this.#cache.ofSubject(one)));
    return ids.length + subjects.length === 0 ? found : this.#addFound(found, { ids, subjects });
  }

  /** Takes a subject's key out of memory, since it was destroyed. */
  drop(subject: string): void {
    this.#drops += 1;
    this.#cache.drop(subject);
    this.#uncommitted.drop(subject);
  }

  async #addFound(
    found: Map<string, FoundKey>,
    wanted: { readonly ids: readonly string[]; readonly subjects: readonly string[] },
  ): Promise<KeyLookup> {
    for (const key of await this.#load(() => this.#store.findKeys(wanted))) take(found, key);
    return found;
  }

  async #addMade(
    found: Map<string, SealingKey>,
    missing: readonly string[],
    transaction: unknown,
  ): Promise<ReadonlyMap<string, SealingKey>> {
    const made =
      transaction === undefined
        ? await Promise.all(missing.map((subject) => this.#made.ask(subject)))
        : await this.#makeKeys(missing, transaction);
    for (const [index, subject] of missing.entries()) {
      const key = made[index];
      if (key !== undefined) found.set(subject, notForgotten(key));
    }
    return found;
  }

  /** A subject that has a key keeps it: the store answers with that one. */
  async #makeKeys(
    subjects: readonly string[],
    transaction?: unknown,
  ): Promise<readonly (FoundKey | undefined)[]> {
    const made = [...new Set(subjects)].map((subject) => createWrappedKey(subject, this.#masterKeys[0]));
    const stored = await this.#load(
      () => this.#store.addKeys(made, { transaction }),
      this.#cacheFor(transaction),
    );
    const bySubject = new Map(stored.map((key) => [key.subject, key]));
    return subjects.map((subject) => bySubject.get(subject));
  }

  #cacheFor(transaction: unknown): KeyCache {
    return transaction === undefined ? this.#cache : this.#uncommitted;
  }

  async #loadNewest(transaction?: unknown): Promise<SealingKey> {
    const known = (await this.#store.findKeys({ subjects: [null] })).filter(isWrapped);
    const made = createWrappedKey(null, this.#masterKeys[0]);
    const newest =
      known.toSorted((one, other) => (one.id < other.id ? -1 : 1)).at(-1) ??
      (await this.#store.addKeys([made], { transaction })).find(isWrapped) ??
      made;
    const key = unwrapKey(newest, this.#masterKeys);
    this.#cacheFor(transaction).keep(key);
    if (transaction === undefined) this.#newest = { key, until: performance.now() + newestFor };
    return key;
  }

  /** What comes while a key is dropped may have been looked up before it was destroyed: it is used once and not kept. */
  async #load(ask: () => Promise<readonly StoredKey[]>, cache = this.#cache): Promise<readonly FoundKey[]> {
    const drops = this.#drops;
    const keys = (await ask()).map((key) => toFoundKey(key, this.#masterKeys));
    if (this.#drops === drops) for (const key of keys) cache.keep(key);
    return keys;
  }
}

function take(found: Map<string, FoundKey>, key: FoundKey | undefined): boolean {
  if (key !== undefined) found.set(key.id, key);
  return key !== undefined;
}

function notForgotten(key: FoundKey): SealingKey {
  return wantSecret(key, 'nothing new about it can be stored');
}
