import type { StoredEvent } from '../../domain/event.ts';
import { matches, type Query } from '../../domain/query.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { LogState } from '../../persistence/judge-append.ts';
import type { StoredCommand } from '../../persistence/log-archive.ts';
import type { MemoryState } from './memory-state.ts';
import type { PositionRange } from './merge-positions.ts';

/** What is committed with what is not yet: changes are kept apart until `commit`, and forgotten without it. */
export class MemoryTransaction implements LogState {
  readonly #state: MemoryState;
  readonly #events: StoredEvent[] = [];
  readonly #ids = new Set<string>();
  readonly #versions = new Map<string, number>();
  readonly #commands = new Map<string, StoredCommand>();
  readonly #tracking = new Map<string, Position>();
  readonly #forgotten = new Set<string>();
  #isOver = false;

  constructor(state: MemoryState) {
    this.#state = state;
  }

  get head(): Position {
    return this.#state.log.head + this.#events.length;
  }

  get recorded(): number | undefined {
    return this.at(this.head)?.recordedAt.getTime();
  }

  at(position: Position): StoredEvent | undefined {
    return this.#state.log.at(position) ?? this.#events[position - this.#state.log.head - 1];
  }

  hasId(id: string): boolean {
    return this.#ids.has(id) || this.#state.log.hasId(id);
  }

  findCommand(id: string): StoredCommand | undefined {
    return this.#commands.get(id) ?? this.#state.commands.get(id);
  }

  versionOf(stream: string): number {
    return this.#versions.get(stream) ?? this.#state.log.versionOf(stream);
  }

  positionOf(consumer: string): Position | undefined {
    return this.#tracking.get(consumer) ?? this.#state.tracking.get(consumer);
  }

  hasMatch(query: Query, after: Position): boolean {
    return this.select(query, { after, before: Number.POSITIVE_INFINITY }).next().done !== true;
  }

  /** The matching events of a range. Those that are committed after the first one was taken are not among them. */
  *select(query: Query, range: PositionRange): Generator<StoredEvent> {
    const { after, before, backwards = false } = range;
    const committed = this.#state.log.select(query, {
      ...range,
      before: Math.min(before, this.#state.log.head + 1),
    });
    const own = this.#events.filter(
      (event) => event.position > after && event.position < before && matches(query, event),
    );
    if (backwards) yield* own.reverse();
    yield* committed;
    if (!backwards) yield* own;
  }

  /** The position behind the last event recorded at or before a time. */
  endOf(asOf: Date): Position {
    const own = this.#events.filter(({ recordedAt }) => recordedAt <= asOf).length;
    return this.#state.log.endOf(asOf) + own;
  }

  addEvent(event: StoredEvent): void {
    this.#events.push(event);
    this.#ids.add(event.id);
    this.#versions.set(event.stream, event.version);
  }

  addCommand(command: StoredCommand): void {
    this.#commands.set(command.id, command);
  }

  advance(consumer: string, position: Position): void {
    this.#tracking.set(consumer, position);
  }

  forget(subjects: readonly string[]): void {
    for (const subject of subjects) this.#forgotten.add(subject);
  }

  commit(): void {
    const { log, keys, commands, tracking } = this.#state;
    for (const event of this.#events) log.add(event);
    for (const command of this.#commands.values()) commands.set(command.id, command);
    for (const [consumer, position] of this.#tracking) tracking.set(consumer, position);
    for (const subject of this.#forgotten) keys.destroy(subject);
    this.end();
  }

  end(): void {
    this.#isOver = true;
  }

  /** Refuses a transaction that was committed or rolled back. @throws LivefoldError `TRANSACTION_OVER` */
  checkOpen(): this {
    if (this.#isOver)
      throw new LivefoldError(
        'TRANSACTION_OVER',
        'The transaction is over: await everything in it before its work ends.',
      );
    return this;
  }
}
