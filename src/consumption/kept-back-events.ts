import type { Position } from '../persistence/event-store.ts';
import type { ParkedStore } from './parked-store.ts';
import type { AnyProjection } from './projection.ts';
import { isStreamKey, streamOwns } from './stream-key.ts';

/** So many events of a parked stream are known by position; a longer queue is looked at as far as that. */
const mostWaiting = 100_000;

/** Where to see what is kept back. */
export type KeptBackStore = Pick<ParkedStore, 'first' | 'waiting' | 'skipped'>;

/** The keys under which events are left out, by the events' positions. */
type LeftOut = Map<Position, readonly string[]>;

/** What a projection has not folded, or has left out: its table is without that, and so is its past. */
export class KeptBackEvents {
  readonly #projection: AnyProjection;
  /** Where the events begin that wait, by their rows' keys. */
  readonly #parked = new Map<string, Position>();
  /** Events whose rows nobody knows: they wait under their streams. */
  readonly #unkeyed: LeftOut = new Map();
  readonly #skipped: LeftOut = new Map();

  constructor(projection: AnyProjection) {
    this.#projection = projection;
  }

  /** Sees what is parked and skipped by now, besides what was before. */
  async look(store: KeptBackStore): Promise<void> {
    const { name } = this.#projection;
    for (const { key, position } of await store.first(name)) {
      if (!isStreamKey(key)) this.park(key, position);
      else
        for (const one of await store.waiting(name, key, mostWaiting)) add(this.#unkeyed, one.position, key);
    }
    for (const { key, position } of await store.skipped(name)) add(this.#skipped, position, key);
  }

  /** How many rows are not as the log says, since something of theirs is kept back. */
  get count(): number {
    return this.#parked.size;
  }

  isParked(key: string): boolean {
    return this.#parked.has(key);
  }

  /** Says that the events of a row are kept back from a position on. */
  park(key: string, position: Position): void {
    this.#parked.set(key, Math.min(position, this.#parked.get(key) ?? position));
  }

  /** Whether nobody knows which rows an event concerns: it is parked, or was skipped, with its stream. */
  isUnkeyed(position: Position): boolean {
    return this.#unkeyed.has(position) || keysAt(this.#skipped, position).some(isStreamKey);
  }

  isWaiting(position: Position): boolean {
    return this.#unkeyed.has(position);
  }

  hasSkipped(position: Position, key: string): boolean {
    return isAmong(this.#skipped, position, key);
  }

  /** Whether a row is without an event. */
  lacks(key: string, position: Position): boolean {
    return (
      position >= (this.#parked.get(key) ?? Number.POSITIVE_INFINITY) ||
      isAmong(this.#unkeyed, position, key) ||
      isAmong(this.#skipped, position, key)
    );
  }

  /** Whether every row is: an event whose rows nobody knows is kept back by each shard for itself. */
  isLackedByAll(position: Position): boolean {
    const under = [...keysAt(this.#unkeyed, position), ...keysAt(this.#skipped, position)];
    return new Set(under.filter(isStreamKey)).size >= this.#projection.shards;
  }

  /** What is kept back up to a position, as text: while it is the same, the past is. */
  upTo(at: Position): string {
    const parked = [...this.#parked].map(([key, position]) => [position, key] as const);
    return JSON.stringify(
      [parked, [...this.#unkeyed], [...this.#skipped]].map((places) =>
        places.filter(([position]) => position <= at),
      ),
    );
  }
}

function keysAt(places: LeftOut, position: Position): readonly string[] {
  return places.get(position) ?? [];
}

function isAmong(places: LeftOut, position: Position, key: string): boolean {
  return keysAt(places, position).some((one) => one === key || streamOwns(one, key));
}

function add(places: LeftOut, position: Position, key: string): void {
  const known = keysAt(places, position);
  if (!known.includes(key)) places.set(position, [...known, key]);
}
