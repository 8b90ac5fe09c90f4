import type { StoredEvent } from '../../domain/event.ts';
import { matches, type Query } from '../../domain/query.ts';
import { Bell } from '../../kernel/async.ts';
import { type Logger, silentLogger } from '../../kernel/log.ts';
import type { EventStore, ReadOptions } from '../../persistence/event-store.ts';
import type { Transcoding } from '../../persistence/mapper/transcoding.ts';
import { checkUrl } from './remote-endpoint.ts';
import { RemoteReader } from './remote-reader.ts';
import { watchRemote } from './watch-remote.ts';

export type RemoteLogOptions = {
  /** The GraphQL endpoint of the Livefold whose log it is: `https://shop.example/graphql`. */
  readonly url: string;
  /** Headers to send, such as `authorization`; asked for with each request, since tokens expire. */
  readonly headers?: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** How the other application's own values are read: the transcodings that it has. */
  readonly transcodings?: readonly Transcoding[];
  /** Most milliseconds for an answer, and without a sign of life from the subscription; 30,000 unless given. */
  readonly timeout?: number;
  readonly logger?: Logger;
};

/** The log of another Livefold, read over its GraphQL endpoint: what an `EventLog` is made from. */
export interface RemoteLog extends Pick<EventStore, 'read' | 'head'>, AsyncDisposable {
  /** Rings when the remote log may have grown. A hint: without one, whoever follows looks again by itself. */
  readonly bell: Bell;
  /** Stops listening. Reads that run end with `ABORTED`. */
  stop(): Promise<void>;
}

/**
 * Opens the log of another Livefold, in another process or on another machine. Nothing is asked of it here: a server that
 * is not there makes reads fail, with codes that say why, and whoever follows tries again from where it is.
 *
 * Reads throw `REMOTE_LOG_UNAVAILABLE` (no answer, or none at the moment), `REMOTE_LOG_REFUSED` (the server said no) or
 * `REMOTE_LOG_INVALID` (what came is no log).
 *
 * @throws LivefoldError `REMOTE_LOG_URL_INVALID`; `INVALID_TRANSCODING`
 */
export function openRemoteLog(options: RemoteLogOptions): RemoteLog {
  const { url, headers = () => ({}), transcodings, timeout = 30_000, logger = silentLogger } = options;
  const endpoint = { url: checkUrl(url), headers, timeout };
  const stopping = new AbortController();
  const bell = new Bell();
  const reader = new RemoteReader(endpoint, transcodings);
  const watching = watchRemote(endpoint, { bell, logger, signal: stopping.signal });

  async function* read(query: Query, readOptions: ReadOptions = {}): AsyncGenerator<StoredEvent> {
    const { limit = Number.POSITIVE_INFINITY, asOf, backwards = false, signal } = readOptions;
    const range = {
      ...readOptions,
      signal: signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]),
    };
    let left = limit;
    if (left <= 0) return;
    for await (const event of backwards ? reader.backwards(query, range) : reader.forwards(query, range)) {
      const isLate = asOf !== undefined && event.recordedAt > asOf;
      // Times never fall along the log.
      if (isLate && !backwards) return;
      if (isLate || !matches(query, event)) continue;
      yield event;
      left -= 1;
      if (left === 0) return;
    }
  }

  const stop = async (): Promise<void> => {
    stopping.abort();
    await watching;
  };
  return {
    bell,
    read,
    head: () => reader.head(stopping.signal),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
