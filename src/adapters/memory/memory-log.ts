import type { StoredEvent } from '../../domain/event.ts';
import { matches, type Query, type QueryItem } from '../../domain/query.ts';
import { lowest } from '../../kernel/lowest.ts';
import { mergePositions, type PositionRange, type PositionSource } from './merge-positions.ts';

/** The committed events, and where the events of each stream, tag and type stand. */
export class MemoryLog {
  readonly #events: StoredEvent[] = [];
  readonly #ids = new Set<string>();
  readonly #streams = new Map<string, number[]>();
  readonly #tags = new Map<string, number[]>();
  readonly #types = new Map<string, number[]>();

  /** How many tags all events have. */
  get tagged(): number {
    return this.#tags.values().reduce((sum, { length }) => sum + length, 0);
  }

  get head(): number {
    return this.#events.length;
  }

  at(position: number): StoredEvent | undefined {
    return this.#events[position - 1];
  }

  hasId(id: string): boolean {
    return this.#ids.has(id);
  }

  versionOf(stream: string): number {
    return this.#streams.get(stream)?.length ?? 0;
  }

  add(event: StoredEvent): void {
    this.#events.push(event);
    this.#ids.add(event.id);
    note(this.#streams, event.stream, event.position);
    note(this.#types, event.type, event.position);
    for (const tag of event.tags) note(this.#tags, tag, event.position);
  }

  /** The events between two positions, both exclusive, that match. */
  *select(query: Query, range: PositionRange): Generator<StoredEvent> {
    for (const position of mergePositions(this.#sourcesOf(query), range)) {
      const event = this.at(position);
      if (event !== undefined && matches(query, event)) yield event;
    }
  }

  /** The position behind the last event recorded at or before a time. Times never fall along the log. */
  endOf(asOf: Date): number {
    return lowest(1, this.head + 1, (position) => (this.at(position)?.recordedAt ?? asOf) > asOf);
  }

  /** The shortest lists that hold all that match, or none, when only the whole log does. */
  #sourcesOf({ items }: Query): readonly PositionSource[] | undefined {
    const sources = items.map((item) => this.#sourcesOfItem(item));
    const isNarrow = sources.length > 0 && sources.every((source) => source !== undefined);
    return isNarrow ? sources.flat() : undefined;
  }

  #sourcesOfItem({ stream, afterVersion = 0, tags = [], types }: QueryItem) {
    // Versions are dense: the event of version 1 stands first in its stream's list.
    if (stream !== undefined) return [{ positions: this.#streams.get(stream) ?? [], from: afterVersion }];
    const [shortest] = tags
      .map((tag) => this.#tags.get(tag) ?? [])
      .sort((one, other) => one.length - other.length);
    if (shortest !== undefined) return [{ positions: shortest, from: 0 }];
    return types?.map((type) => ({ positions: this.#types.get(type) ?? [], from: 0 }));
  }
}

function note(index: Map<string, number[]>, key: string, position: number): void {
  const positions = index.get(key);
  if (positions === undefined) index.set(key, [position]);
  else positions.push(position);
}
