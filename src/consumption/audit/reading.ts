import type { StoredEvent } from '../../domain/event.ts';
import type { EventRegistry } from '../../domain/event-registry.ts';
import { isLivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { Finding } from './finding.ts';

/** Opens what a mapper sealed. */
export type Decode = (
  events: readonly StoredEvent[],
) => readonly StoredEvent[] | Promise<readonly StoredEvent[]>;

/** Stored events of one type and version that cannot be read, for one reason. */
export type UnreadableEvents = {
  readonly type: string;
  readonly schemaVersion: number;
  readonly count: number;
  /** Why: the code of the error that a reader would meet. */
  readonly code: string;
  /** What is wrong with the first of them, and where that is. */
  readonly message: string;
  readonly position: Position;
};

/** Reads events as an application would, and remembers those that it could not read. */
export class Reading {
  readonly #decode: Decode;
  readonly #registry: EventRegistry;
  readonly #unreadable = new Map<string, UnreadableEvents>();
  #count = 0;

  constructor(decode: Decode, registry: EventRegistry) {
    this.#decode = decode;
    this.#registry = registry;
  }

  /** How many events were looked at. */
  get count(): number {
    return this.#count;
  }

  get unreadable(): readonly UnreadableEvents[] {
    return [...this.#unreadable.values()];
  }

  get finding(): Finding {
    const { unreadable } = this;
    return {
      check: 'events are readable',
      checked: this.#count,
      faults: unreadable.reduce((sum, { count }) => sum + count, 0),
      examples: unreadable.map(
        ({ type, schemaVersion, count, code, message, position }) =>
          `${count} × ${type} version ${schemaVersion}, first at position ${position}: ${code}: ${message}`,
      ),
    };
  }

  /** Those of the events that can be read, decoded. */
  async read(events: readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
    this.#count += events.length;
    const decoded = await this.#decodeWhatCan(events);
    return decoded.filter((event) => {
      try {
        this.#registry.understand(event);
        return true;
      } catch (error) {
        // A schema is the application's own code: what it throws at data that it did not expect is its answer.
        this.#note(event, isLivefoldError(error) ? error : { code: 'INVALID_EVENT', message: String(error) });
        return false;
      }
    });
  }

  /** All at once; when that fails, one by one, to find out which. */
  async #decodeWhatCan(events: readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
    try {
      return await this.#decode(events);
    } catch (error) {
      // A database that does not answer says nothing about an event.
      if (!isLivefoldError(error) || error.fields.position === undefined) throw error;
      const [event] = events;
      if (event !== undefined && events.length === 1) {
        this.#note(event, error);
        return [];
      }
      const decoded: StoredEvent[] = [];
      for (const one of events) decoded.push(...(await this.#decodeWhatCan([one])));
      return decoded;
    }
  }

  #note(
    { type, schemaVersion, position }: StoredEvent,
    { code, message }: { readonly code: string; readonly message: string },
  ): void {
    const key = JSON.stringify([type, schemaVersion, code]);
    const known = this.#unreadable.get(key) ?? { type, schemaVersion, code, message, position, count: 0 };
    this.#unreadable.set(key, { ...known, count: known.count + 1 });
  }
}
