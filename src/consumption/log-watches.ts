import type { StoredEvent } from '../domain/event.ts';
import { matches, type Query, type QueryItem } from '../domain/query.ts';
import { keepTrying } from '../kernel/async.ts';
import type { Logger } from '../kernel/log.ts';
import type { Position } from '../persistence/event-store.ts';
import type { EventLog } from './event-log.ts';
import { follow } from './follow.ts';
import { type Term, TermIndex, type ValuesAt } from './term-index.ts';
import { Watch } from './watch.ts';

type Watcher = { readonly watch: Watch; readonly query: Query; readonly hearsOfForgetting: boolean };

/** Follows the log once for all who wait for events of it, and tells each of those that its query means. */
export class LogWatches {
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #watchers = new TermIndex<Watcher>();
  #following = new AbortController();
  /** Up to here all have heard of what concerns them. */
  #position: Position = 0;

  constructor(log: EventLog, logger: Logger) {
    this.#log = log;
    this.#logger = logger;
    this.#following.abort();
  }

  /** Hears of the events that a query means; where it asks for that, of whoever is forgotten too. */
  watch(query: Query, { hearsOfForgetting = false }: { readonly hearsOfForgetting?: boolean } = {}): Watch {
    const terms = termsOfQuery(query);
    const watch = new Watch(() => {
      this.#watchers.remove(watcher, terms);
      if (this.#watchers.isEmpty) this.#following.abort();
    });
    const watcher = { watch, query, hearsOfForgetting };
    this.#watchers.add(watcher, terms);
    if (this.#following.signal.aborted) void this.#follow();
    return watch;
  }

  /** Somebody was forgotten: what earlier events were folded to may read otherwise now. */
  forgot(): void {
    for (const { watch, hearsOfForgetting } of this.#watchers)
      if (hearsOfForgetting) watch.stir(this.#position);
  }

  async #follow(): Promise<void> {
    this.#following = new AbortController();
    const { signal } = this.#following;
    this.#position = this.#log.seen;
    const run = async (): Promise<void> => {
      // Whoever rings for new events does so for those too whose news was lost.
      for await (const page of follow(this.#log, {
        after: this.#position,
        signal,
        timeout: Number.POSITIVE_INFINITY,
      })) {
        const stretch = { after: this.#position, to: page.position };
        this.#tell(page.events, stretch);
        this.#position = page.position;
      }
    };
    const onError = (err: unknown): void =>
      this.#logger.error(
        { err, position: this.#position },
        'following the log for subscriptions failed; trying again',
      );
    await keepTrying(run, { signal, onError });
  }

  #tell(events: readonly StoredEvent[], stretch: { readonly after: number; readonly to: number }): void {
    const concerned = new Set<Watcher>();
    for (const event of events)
      for (const watcher of this.#watchers.find(valuesOf(event)))
        if (!concerned.has(watcher) && matches(watcher.query, event)) concerned.add(watcher);
    for (const { watch } of concerned) watch.hear(stretch);
  }
}

/** The terms of which an event must have one to be meant; `null` where it may be meant without. */
function termsOfQuery({ items }: Query): readonly Term[] | null {
  if (items.length === 0) return null;
  const all: Term[] = [];
  for (const item of items) {
    const terms = termsOfItem(item);
    if (terms === null) return null;
    all.push(...terms);
  }
  return all;
}

function termsOfItem({ stream, tags, types }: QueryItem): readonly Term[] | null {
  if (stream !== undefined) return [{ path: 'stream', value: stream }];
  // An event must have all of the tags.
  const [tag] = tags ?? [];
  if (tag !== undefined) return [{ path: 'tags', value: tag }];
  return types?.map((value) => ({ path: 'type', value })) ?? null;
}

function valuesOf({ stream, tags, type }: StoredEvent): ValuesAt {
  const values: Readonly<Record<string, readonly string[]>> = { stream: [stream], tags, type: [type] };
  return (path) => values[path] ?? [];
}
