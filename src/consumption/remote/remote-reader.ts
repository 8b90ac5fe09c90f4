import type { StoredEvent } from '../../domain/event.ts';
import type { Query, QueryItem } from '../../domain/query.ts';
import { isLivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import { changeEvents } from '../../persistence/mapper/map-events.ts';
import { createTranscoder, type Transcoder } from '../../persistence/mapper/transcoder.ts';
import type { Transcoding } from '../../persistence/mapper/transcoding.ts';
import { askRemote } from './ask-remote.ts';
import { PageSize } from './page-size.ts';
import type { RemoteEndpoint } from './remote-endpoint.ts';
import { remoteInvalid } from './remote-errors.ts';
import { type PageRange, pageOperation, type RemotePage, readHead, readPage } from './remote-page.ts';

export type RemoteRange = {
  readonly after?: Position;
  readonly before?: Position;
  /** Most events that are wanted. */
  readonly limit?: number;
  readonly signal: AbortSignal;
};

/** The most that a Livefold gives in one page. */
const largestPage = 1_000;

/** Reads a remote log in pages, and checks what comes: every event is whole, and stands where it must. */
export class RemoteReader {
  readonly #endpoint: RemoteEndpoint;
  readonly #transcoder: Transcoder;
  readonly #pageSize = new PageSize(largestPage);

  constructor(endpoint: RemoteEndpoint, transcodings?: readonly Transcoding[]) {
    this.#endpoint = endpoint;
    this.#transcoder = createTranscoder(transcodings);
  }

  async head(signal: AbortSignal): Promise<Position> {
    const head = readHead(await askRemote(this.#endpoint, { query: '{ head }' }, signal));
    if (head === undefined) throw remoteInvalid(this.#endpoint.url, 'did not say where its log ends');
    return head;
  }

  /** At least the events that match, oldest first. */
  async *forwards(
    query: Query,
    { after = 0, before, limit, signal }: RemoteRange,
  ): AsyncGenerator<StoredEvent> {
    const filter = filterOf(query);
    let position = after;
    let left = isExact(query, filter) ? (limit ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    for (let hasMore = true; hasMore && left > 0; ) {
      const page = await this.#nextPage({ after: position, before, first: left }, filter, signal);
      yield* page.events;
      position = page.events.at(-1)?.position ?? position;
      left -= page.events.length;
      ({ hasMore } = page);
    }
  }

  /** At least the events that match, newest first: stretches of the log, the last one first. */
  async *backwards(query: Query, { after = 0, before, signal }: RemoteRange): AsyncGenerator<StoredEvent> {
    const head = await this.head(signal);
    let end = Math.min(before ?? head + 1, head + 1);
    while (end - 1 > after) {
      const start = Math.max(after, end - 1 - largestPage);
      const events = await Array.fromAsync(this.forwards(query, { after: start, before: end, signal }));
      yield* events.reverse();
      end = start + 1;
    }
  }

  /** Of as many events as are likely to come at once. */
  async #nextPage(range: PageRange, filter: QueryItem | undefined, signal: AbortSignal): Promise<RemotePage> {
    for (;;) {
      const first = Math.min(range.first, this.#pageSize.current);
      try {
        const page = await this.#page({ ...range, first }, filter, signal);
        this.#pageSize.came(first);
        return page;
      } catch (error) {
        if (!isLivefoldError(error, 'REMOTE_LOG_UNAVAILABLE') || !this.#pageSize.failed(first)) throw error;
      }
    }
  }

  async #page(range: PageRange, filter: QueryItem | undefined, signal: AbortSignal): Promise<RemotePage> {
    const page = readPage(await askRemote(this.#endpoint, pageOperation(range, filter), signal));
    if (typeof page === 'string') throw remoteInvalid(this.#endpoint.url, page);
    this.#checkPlaces(page, range, filter === undefined);
    return { ...page, events: this.#decode(page.events) };
  }

  /** Whoever reads goes on behind the last event: one that is out of its place would make it miss others. */
  #checkPlaces({ events, hasMore }: RemotePage, { after, before, first }: PageRange, isDense: boolean): void {
    const { url } = this.#endpoint;
    let last = after;
    for (const { position } of events) {
      if (
        position <= last ||
        (isDense && position !== last + 1) ||
        (before !== undefined && position >= before)
      )
        throw remoteInvalid(url, `sent the event ${position} behind ${last}`);
      last = position;
    }
    if (events.length > first) throw remoteInvalid(url, `sent ${events.length} events for ${first}`);
    if (hasMore && events.length === 0)
      throw remoteInvalid(url, 'says that there is more, and sends nothing');
  }

  #decode(events: readonly StoredEvent[]): readonly StoredEvent[] {
    return changeEvents(events, (event) => {
      const data = this.#transcoder.decode(event.data);
      return data === event.data ? event : { ...event, data };
    });
  }
}

/** Whether the server's choice is the query's: otherwise nobody knows how many it takes for so many that match. */
function isExact({ items }: Query, filter: QueryItem | undefined): boolean {
  return filter === undefined ? items.length === 0 : filter.afterVersion === undefined;
}

/** What the server can choose by: it takes one item. */
function filterOf({ items }: Query): QueryItem | undefined {
  const [only, ...more] = items;
  return more.length === 0 ? only : undefined;
}
