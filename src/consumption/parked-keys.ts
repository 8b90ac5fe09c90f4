import { Bell } from '../kernel/async.ts';
import type { KeptBack } from './key-events.ts';
import type { ParkedStore } from './parked-store.ts';
import type { AnyProjection } from './projection.ts';
import { isOwnKey } from './stream-key.ts';

export type ParkedKeysOptions = {
  readonly bell?: Bell;
  /** Is told of each event that could not be folded, once it is parked. */
  readonly onParked?: (event: KeptBack) => void;
};

/** The parked keys of a projection, or of one shard of it, as whoever works on it remembers them. */
export class ParkedKeys {
  /** Rings when one came, or something may have been asked about one. */
  readonly bell: Bell;
  readonly #projection: AnyProjection;
  readonly #store: Pick<ParkedStore, 'keys'>;
  readonly #onParked: (event: KeptBack) => void;
  #keys: Set<string> = new Set();

  constructor(
    projection: AnyProjection,
    store: Pick<ParkedStore, 'keys'>,
    { bell = new Bell(), onParked = () => {} }: ParkedKeysOptions = {},
  ) {
    this.#projection = projection;
    this.#store = store;
    this.bell = bell;
    this.#onParked = onParked;
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Sees what is parked, as whoever worked on it before has left it. */
  async load(): Promise<void> {
    const keys = await this.#store.keys(this.#projection.name);
    this.#keys = new Set(keys.filter((key) => isOwnKey(this.#projection, key)));
    this.bell.ring();
  }

  /** Takes in what a committed batch keeps back. */
  add(keptBack: readonly KeptBack[]): void {
    for (const event of keptBack) {
      this.#keys.add(event.key);
      if (event.fault !== null) this.#onParked(event);
    }
    if (keptBack.some(({ fault }) => fault !== null)) this.bell.ring();
  }

  /** Nothing of the key is kept back any more. */
  free(key: string): void {
    this.#keys.delete(key);
  }
}
