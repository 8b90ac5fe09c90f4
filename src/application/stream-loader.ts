import type { StoredEvent } from '../domain/event.ts';
import { TurnBatch } from '../kernel/turn-batch.ts';
import type { EventStore, ReadOptions } from '../persistence/event-store.ts';

/** The events of a stream behind a version. */
export type StreamSection = { readonly stream: string; readonly after: number };

/** How to read what a state is loaded from. */
export type LoadOptions = Pick<ReadOptions, 'transaction' | 'signal'>;

/** Loads streams; those asked for in one turn of the event loop come in one read. Within a transaction each comes alone. */
export class StreamLoader {
  readonly #store: Pick<EventStore, 'read'>;
  readonly #batch = new TurnBatch((sections: readonly StreamSection[], options: LoadOptions) =>
    this.#read(sections, options),
  );

  constructor(store: Pick<EventStore, 'read'>) {
    this.#store = store;
  }

  async load(section: StreamSection, options: LoadOptions = {}): Promise<readonly StoredEvent[]> {
    return options.transaction === undefined
      ? this.#batch.ask(section, options.signal)
      : (await this.#read([section], options)).flat();
  }

  async #read(
    sections: readonly StreamSection[],
    options: LoadOptions,
  ): Promise<readonly (readonly StoredEvent[])[]> {
    const starts = new Map<string, number>();
    for (const { stream, after } of sections)
      starts.set(stream, Math.min(after, starts.get(stream) ?? after));
    const found = new Map<string, StoredEvent[]>([...starts.keys()].map((stream) => [stream, []]));
    const items = [...starts].map(([stream, afterVersion]) => ({ stream, afterVersion }));
    for await (const event of this.#store.read({ items }, options)) found.get(event.stream)?.push(event);
    // Two may have asked for one stream from different versions on.
    return sections.map(({ stream, after }) => {
      const events = found.get(stream) ?? [];
      return starts.get(stream) === after ? events : events.filter(({ version }) => version > after);
    });
  }
}
