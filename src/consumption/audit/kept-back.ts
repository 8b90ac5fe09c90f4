import type { Position } from '../../persistence/event-store.ts';
import type { ParkedStore } from '../parked-store.ts';
import type { AnyProjection } from '../projection.ts';
import { isStreamKey, streamOwns } from '../stream-key.ts';

/** So many events of a parked stream are known by position; a longer queue is looked at as far as that. */
const mostWaiting = 100_000;

/** What a projection has not folded, or has left out: neither is a fault of its table. */
export class KeptBackEvents {
  readonly #projection: AnyProjection;
  readonly #parked = new Set<string>();
  /** Positions of events whose keys nobody knows. */
  readonly #unkeyed = new Set<Position>();
  readonly #skipped = new Map<Position, string[]>();

  constructor(projection: AnyProjection) {
    this.#projection = projection;
  }

  /** Sees what is parked and skipped by now, besides what was before. */
  async look(store: ParkedStore): Promise<void> {
    const { name } = this.#projection;
    for (const key of await store.keys(name)) {
      if (!isStreamKey(key)) this.#parked.add(key);
      else
        for (const { position } of await store.waiting(name, key, mostWaiting)) this.#unkeyed.add(position);
    }
    for (const { key, position } of await store.skipped(name))
      if (!this.hasSkipped(position, key)) this.#skipped.set(position, [...this.#skippedAt(position), key]);
  }

  /** How many rows are not as the log says, since something of theirs is kept back. */
  get count(): number {
    return this.#parked.size;
  }

  isParked(key: string): boolean {
    return this.#parked.has(key);
  }

  /** Says that a row is not to be compared: an event that concerns it is kept back. */
  park(key: string): void {
    this.#parked.add(key);
  }

  /** Whether nobody knows which rows an event concerns: it is parked, or was skipped, with its stream. */
  isUnkeyed(position: Position): boolean {
    return this.#unkeyed.has(position) || this.#skippedAt(position).some(isStreamKey);
  }

  isWaiting(position: Position): boolean {
    return this.#unkeyed.has(position);
  }

  hasSkipped(position: Position, key: string): boolean {
    return this.#skippedAt(position).some((one) => one === key || streamOwns(one, key));
  }

  #skippedAt(position: Position): readonly string[] {
    return this.#skipped.get(position) ?? [];
  }
}
