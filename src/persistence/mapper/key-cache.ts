import type { FoundKey } from './found-key.ts';

const mostKeys = 10_000;

/** A process that does not read the log finds out after so long that another one had a key destroyed. */
const keptFor = 60_000;

type Kept = { readonly key: FoundKey; readonly until: number };

/** The keys used last, for at most a minute each. */
export class KeyCache {
  /** The one used longest ago first. */
  readonly #byId = new Map<string, Kept>();
  readonly #idOf = new Map<string, string>();

  get(id: string): FoundKey | undefined {
    const kept = this.#byId.get(id);
    if (kept === undefined) return undefined;
    this.#remove(kept.key);
    if (kept.until < performance.now()) return undefined;
    this.#put(kept);
    return kept.key;
  }

  ofSubject(subject: string): FoundKey | undefined {
    const id = this.#idOf.get(subject);
    return id === undefined ? undefined : this.get(id);
  }

  keep(key: FoundKey): void {
    this.#remove(key);
    this.#put({ key, until: performance.now() + keptFor });
    const oldest = this.#byId.values().next();
    if (this.#byId.size > mostKeys && oldest.done !== true) this.#remove(oldest.value.key);
  }

  drop(subject: string): void {
    const id = this.#idOf.get(subject);
    if (id === undefined) return;
    this.#byId.delete(id);
    this.#idOf.delete(subject);
  }

  #put(kept: Kept): void {
    const { id, subject } = kept.key;
    this.#byId.set(id, kept);
    if (subject !== null) this.#idOf.set(subject, id);
  }

  #remove({ id, subject }: FoundKey): void {
    this.#byId.delete(id);
    if (subject !== null) this.#idOf.delete(subject);
  }
}
