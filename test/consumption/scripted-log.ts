import type { PreparedEvent, StoredEvent } from '../../src/domain/event.ts';
import type { EventStore } from '../../src/persistence/event-store.ts';
import { counted } from './counters.ts';

/** A log in memory whose reads can be held in the middle, and are counted: what races need that no database can be told to do. */
export class ScriptedLog implements Pick<EventStore, 'read' | 'head'> {
  readonly events: StoredEvent[] = [];
  /** What each read asked for. */
  readonly reads: number[] = [];
  /** Reads that have looked at the log wait for it. */
  gate: Promise<void> = Promise.resolve();

  append(count: number, event: () => PreparedEvent = () => counted('a')): void {
    for (let made = 0; made < count; made += 1) {
      const position = this.events.length + 1;
      this.events.push({ ...event(), position, version: position, recordedAt: new Date() });
    }
  }

  async *read(_: unknown, { after = 0, limit = 1_000 } = {}): AsyncGenerator<StoredEvent> {
    this.reads.push(after);
    const seen = this.events.slice(after, after + limit);
    await this.gate;
    yield* seen;
  }

  async head(): Promise<number> {
    return this.events.length;
  }
}

export const positionsOf = (events: readonly StoredEvent[]): readonly number[] =>
  events.map(({ position }) => position);

/** The numbers from one to another. */
export const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
