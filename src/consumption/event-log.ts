import type { StoredEvent } from '../domain/event.ts';
import { everything, type Query } from '../domain/query.ts';
import { Bell } from '../kernel/async.ts';
import { sizeOf } from '../kernel/size-of.ts';
import type { EventStore, Position, ReadOptions } from '../persistence/event-store.ts';

/**
 * The events of one page behind `first`, which is the multiple of the page size where it starts unless there were too many bytes
 * before; loads of it that are under way and asked for.
 */
type Page = {
  first: Position;
  events: StoredEvent[];
  bytes: number;
  current: Promise<void> | undefined;
  next: Promise<void> | undefined;
};

/** Events, and about how many bytes of data they have. */
type Sized = { readonly events: readonly StoredEvent[]; readonly bytes: number };

/** Some events in log order, and the position up to which the log has been looked through. */
export type LogPage = { readonly events: readonly StoredEvent[]; readonly position: Position };

/** So many pages' worth of the log are looked through in one statement at most: it ends in a second or two. */
const pagesAtOnce = 64;

export type EventLogOptions = {
  readonly pageSize?: number;
  /** Most pages kept. Together they are the ring of recent events that live consumers read from. */
  readonly pages?: number;
  /** About so many bytes are kept of each page, so that large events do not fill the memory; 32 MB unless given. */
  readonly pageBytes?: number;
  /** Rings when the log may have grown; a bell of its own when left out. */
  readonly bell?: Bell;
};

/**
 * The log as the consumers of one process share it: each event comes from the store once, however many read it. Positions
 * are dense, so pages can be aligned to multiples of their size, and a full page never changes.
 */
export class EventLog {
  /** Rings when the log may have grown. */
  readonly bell: Bell;
  readonly #store: Pick<EventStore, 'read' | 'head'>;
  readonly #pageSize: number;
  readonly #mostPages: number;
  readonly #mostBytes: number;
  readonly #pages = new Map<number, Page>();
  #epoch = 0;
  #seen: Position = 0;
  #look: Promise<Position> | undefined;
  #nextLook: Promise<Position> | undefined;

  constructor(store: Pick<EventStore, 'read' | 'head'>, options: EventLogOptions = {}) {
    this.#store = store;
    this.#pageSize = options.pageSize ?? 8_000;
    this.#mostPages = options.pages ?? 4;
    this.#mostBytes = options.pageBytes ?? 32 * 1024 * 1024;
    this.bell = options.bell ?? new Bell();
  }

  /** Rises with each `clear`: what was read before may tell what must not be told any more. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The furthest position that this process has heard of: the log has come at least there. */
  get seen(): Position {
    return this.#seen;
  }

  /**
   * The position of the last event. All who ask while one look is under way share the next: that look may have begun before
   * what they know of was stored.
   */
  head(): Promise<Position> {
    if (this.#look === undefined) {
      this.#look = this.#lookForHead().finally(() => {
        this.#look = undefined;
      });
      return this.#look;
    }
    this.#nextLook ??= this.#look
      .catch(() => {})
      .then(() => {
        this.#nextLook = undefined;
        return this.head();
      });
    return this.#nextLook;
  }

  async #lookForHead(): Promise<Position> {
    const head = await this.#store.head();
    this.#seen = Math.max(this.#seen, head);
    return head;
  }

  /** The next events behind a position: at least one if there are any, at most the rest of their page. */
  async read(after: Position): Promise<readonly StoredEvent[]> {
    const start = this.#startOf(after);
    const page = this.#pageAt(start);
    if (endOf(page) <= after) await this.#load(start, page);
    // What was let go of is not kept a second time: whoever is that far behind reads it alone.
    if (after < page.first)
      return (await this.#readSome(everything, { after, limit: page.first - after })).events;
    if (endOf(page) === start + this.#pageSize) this.#readAhead(start + this.#pageSize);
    return page.events.slice(after - page.first);
  }

  /** Whether a consumer there has more than a whole page of the log before it, as far as is known here. */
  isFarBehind(position: Position): boolean {
    return this.#seen - position > this.#pageSize;
  }

  /**
   * The next events behind a position that a query means, at most a page of them, for one consumer alone: what it does not
   * want stays in the database. The head is asked for first. Positions are dense and become visible in order, so below it no
   * event can come any more, and what did not match up to there need not be looked at again.
   */
  async select(query: Query, after: Position): Promise<LogPage> {
    const end = Math.min(await this.head(), after + this.#pageSize * pagesAtOnce);
    const limit = this.#pageSize;
    const { events, bytes } = await this.#readSome(query, { after, before: end + 1, limit });
    const last = events.length < limit && bytes < this.#mostBytes ? undefined : events.at(-1);
    return { events, position: last?.position ?? Math.max(end, after) };
  }

  /** The events at some positions, in ascending order, each read from the store: they may be from long ago, and nobody else is there. */
  async at(positions: readonly Position[]): Promise<readonly StoredEvent[]> {
    const wanted = new Set(positions);
    const events: StoredEvent[] = [];
    for (const { after, before } of rangesOf(positions))
      for await (const event of this.#store.read(everything, { after, before }))
        if (wanted.has(event.position)) events.push(event);
    return events;
  }

  /**
   * Takes in events that this process has just appended, which saves reading them. Only those that follow on what is here are
   * taken: before them there may be some of other processes.
   */
  offer(events: readonly StoredEvent[]): void {
    this.#seen = Math.max(this.#seen, events.at(-1)?.position ?? 0);
    for (const event of events)
      this.#add(this.#pageAt(this.#startOf(event.position - 1)), [event], sizeOf(event.data));
  }

  /** Lets go of what is kept, where it must not be told again: consumers read what they miss from the store. */
  clear(): void {
    this.#epoch += 1;
    this.#pages.clear();
  }

  /** Behind a full page there is more: it is read while the caller works on this one. */
  #readAhead(start: Position): void {
    if (this.#pages.has(start)) return;
    // The caller who comes for the page meets the error itself, by loading again.
    this.#load(start, this.#pageAt(start)).catch(() => {});
  }

  #pageAt(start: Position): Page {
    const page = this.#pages.get(start) ?? {
      ...{ first: start, events: [], bytes: 0 },
      ...{ current: undefined, next: undefined },
    };
    this.#pages.delete(start);
    this.#pages.set(start, page);
    const oldest = this.#pages.keys().next();
    if (this.#pages.size > this.#mostPages && oldest.done !== true) this.#pages.delete(oldest.value);
    return page;
  }

  /** A load under way may have begun before the caller was woken, so it joins the one behind that. */
  #load(start: Position, page: Page): Promise<void> {
    if (page.current === undefined) {
      page.current = this.#fill(start, page).finally(() => {
        page.current = undefined;
      });
      return page.current;
    }
    const next = page.next ?? page.current.catch(() => {}).then(() => this.#startNext(start, page));
    page.next = next;
    return next;
  }

  #startNext(start: Position, page: Page): Promise<void> {
    page.next = undefined;
    return this.#load(start, page);
  }

  async #fill(start: Position, page: Page): Promise<void> {
    const after = endOf(page);
    const limit = start + this.#pageSize - after;
    if (limit === 0) return;
    const { events, bytes } = await this.#readSome(everything, { after, limit });
    this.#add(page, events, bytes);
  }

  /** Events from the store; those behind about as many bytes as a page may have are left for the next time. */
  async #readSome(query: Query, range: ReadOptions): Promise<Sized> {
    const events: StoredEvent[] = [];
    let bytes = 0;
    for await (const event of this.#store.read(query, range)) {
      events.push(event);
      bytes += sizeOf(event.data);
      if (bytes >= this.#mostBytes) break;
    }
    this.#seen = Math.max(this.#seen, events.at(-1)?.position ?? 0);
    return { events, bytes };
  }

  /** Adds those events that follow on what a page has. Where both are too much, it begins anew with them. */
  #add(page: Page, events: readonly StoredEvent[], bytes: number): void {
    // Some may have been offered while the store was read.
    const more = events.filter(({ position }) => position > endOf(page));
    if (more[0]?.position !== endOf(page) + 1) return;
    if (page.bytes + bytes > this.#mostBytes) {
      page.first = endOf(page);
      page.events = [];
      page.bytes = 0;
    }
    page.events.push(...more);
    page.bytes += bytes;
  }

  #startOf(after: Position): Position {
    return after - (after % this.#pageSize);
  }
}

function endOf({ first, events }: Page): Position {
  return first + events.length;
}

/** Reading so many events that nobody asked for costs less than asking once more. */
const smallGap = 50;

/** Ranges that together have all positions, without long stretches between them. */
function rangesOf(
  positions: readonly Position[],
): readonly { readonly after: Position; readonly before: Position }[] {
  const ranges: { after: Position; before: Position }[] = [];
  for (const position of positions) {
    const last = ranges.at(-1);
    if (last !== undefined && position - last.before < smallGap) last.before = position + 1;
    else ranges.push({ after: position - 1, before: position + 1 });
  }
  return ranges;
}
