import type { StoredEvent } from '../domain/event.ts';
import type { EventStore } from '../persistence/event-store.ts';

type Waiting = {
  readonly resolve: (events: readonly StoredEvent[]) => void;
  readonly reject: (error: unknown) => void;
};

/** So many streams share one read: enough to hide the round trip, few enough to keep one answer small. */
const mostStreams = 256;

/** Loads whole streams; those asked for in one turn of the event loop come in one read. */
export class StreamLoader {
  readonly #store: Pick<EventStore, 'read'>;
  #waiting = new Map<string, Waiting[]>();

  constructor(store: Pick<EventStore, 'read'>) {
    this.#store = store;
  }

  load(stream: string): Promise<readonly StoredEvent[]> {
    if (this.#waiting.size === 0) setImmediate(() => this.#flush());
    return new Promise((resolve, reject) => {
      const asked = this.#waiting.get(stream);
      if (asked === undefined) this.#waiting.set(stream, [{ resolve, reject }]);
      else asked.push({ resolve, reject });
    });
  }

  #flush(): void {
    const all = [...this.#waiting];
    this.#waiting = new Map();
    for (let start = 0; start < all.length; start += mostStreams)
      void this.#read(new Map(all.slice(start, start + mostStreams)));
  }

  async #read(asked: ReadonlyMap<string, readonly Waiting[]>): Promise<void> {
    const found = new Map<string, StoredEvent[]>([...asked.keys()].map((stream) => [stream, []]));
    try {
      const items = [...asked.keys()].map((stream) => ({ stream }));
      for await (const event of this.#store.read({ items })) found.get(event.stream)?.push(event);
    } catch (error) {
      for (const { reject } of [...asked.values()].flat()) reject(error);
      return;
    }
    for (const [stream, waiting] of asked)
      for (const { resolve } of waiting) resolve(found.get(stream) ?? []);
  }
}
