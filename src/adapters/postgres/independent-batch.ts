import type { PreparedEvent } from '../../domain/event.ts';
import { matches, type Query } from '../../domain/query.ts';
import type { AppendItem } from '../../persistence/event-store.ts';

/** One round trip carries at most so many events: above it the statement's size eats what sharing saves. */
const mostEvents = 1_000;

/**
 * Items that one statement can judge as if each came alone: no command id twice, no expectation about a stream that
 * another item writes, no condition that another's events could break. What does not fit waits for the next batch.
 */
export class IndependentBatch {
  readonly items: AppendItem[] = [];
  readonly #commands = new Set<string>();
  readonly #written = new Set<string>();
  readonly #expected = new Set<string>();
  readonly #conditions: Query[] = [];
  readonly #events: PreparedEvent[] = [];

  /** Takes the item in, unless it depends on one that is in already or the batch is full. */
  add(item: AppendItem): boolean {
    if (
      this.items.length > 0 &&
      (this.#events.length + item.events.length > mostEvents || this.#depends(item))
    )
      return false;
    this.items.push(item);
    if (item.command !== undefined) this.#commands.add(item.command.id);
    for (const { stream } of item.expected ?? []) this.#expected.add(stream);
    if (item.condition !== undefined) this.#conditions.push(item.condition.query);
    // Not by spreading them: a call takes some 100,000 arguments at most.
    for (const event of item.events) {
      this.#written.add(event.stream);
      this.#events.push(event);
    }
    return true;
  }

  #depends({ command, expected = [], condition, events }: AppendItem): boolean {
    return (
      (command !== undefined && this.#commands.has(command.id)) ||
      expected.some(({ stream }) => this.#written.has(stream)) ||
      events.some(({ stream }) => this.#expected.has(stream)) ||
      this.#conditions.some((query) => events.some((event) => matches(query, event))) ||
      (condition !== undefined && this.#events.some((event) => matches(condition.query, event)))
    );
  }
}
