import { createClient as createSseClient, NetworkError } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  createLiveTransport,
  eventStream,
  type OperationResult,
  type Transport,
} from '../../../src/client.ts';
import { openEventStream, type ServerSentEvent } from '../../graphql/event-source.ts';

/** One client, with whatever connections it has. */
export type Client = {
  /** What carries one subscription; asked for once for each. `start` is the last event's id that it already has. */
  readonly carry: (start?: string) => Transport;
  readonly close: () => void | Promise<void>;
};

/** Begins to take turns among servers. */
export type TakeTurns = () => () => string;

export type TransportKind = {
  /** A client, whose connections each go to the address that `takeTurns()()` gives: another one each time. */
  readonly connect: (takeTurns: TakeTurns) => Client;
  /** What says where to go on: the watcher, in the variables; a header that the client sends; or the client, by its own means. */
  readonly resumes: 'by variable' | 'by Last-Event-ID' | 'by itself';
  /** Whether it gives all rows each time. */
  readonly folds: boolean;
};

const keys = { products: 'sku', dailySales: 'day', countrySales: 'country' };
const toSocket = (url: string): string => url.replace('http', 'ws');

/** How clients reach live fields. */
export const transports: Readonly<Record<string, TransportKind>> = {
  'a WebSocket': { connect: overWebSocket, resumes: 'by variable', folds: false },
  'SSE, a connection each, with Last-Event-ID': {
    connect: asEventSource,
    resumes: 'by Last-Event-ID',
    folds: false,
  },
  'SSE, one connection for all': { connect: overSharedStream, resumes: 'by variable', folds: false },
  'livefold/client over a WebSocket': {
    connect: (takeTurns) => {
      const { carry, close } = overWebSocket(takeTurns);
      return { carry: () => createLiveTransport({ transport: carry(), keys }), close };
    },
    resumes: 'by itself',
    folds: true,
  },
  'livefold/client over SSE': {
    connect: (takeTurns) => ({
      carry() {
        const next = takeTurns();
        const transport: Transport = {
          subscribe: (request, sink) => eventStream({ url: next() }).subscribe(request, sink),
        };
        return createLiveTransport({ transport, keys });
      },
      close: () => {},
    }),
    resumes: 'by itself',
    folds: true,
  },
};

function overWebSocket(takeTurns: TakeTurns): Client {
  const next = takeTurns();
  const client = createClient({
    url: () => toSocket(next()),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  return { carry: () => client, close: () => client.dispose() };
}

function overSharedStream(takeTurns: TakeTurns): Client {
  const next = takeTurns();
  const client = createSseClient({
    url: async () => next(),
    singleConnection: true,
    retryAttempts: 0,
    fetchFn: fetchWhole,
  });
  const transport: Transport = {
    subscribe: (request, sink) =>
      client.subscribe<Record<string, unknown>>(
        { query: request.query, variables: request.variables ?? {} },
        {
          next: (result) => sink.next(result as OperationResult),
          error: (error) => void errorsIn(error).then((errors) => sink.error(errors ?? error)),
          complete: () => sink.complete(),
        },
      ),
  };
  return { carry: () => transport, close: () => client.dispose() };
}

/** A refusal is read at once: the client leaves its request before anybody can. */
async function fetchWhole(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const { status, headers, ok } = response;
  return ok ? response : new Response(await response.text(), { status, headers });
}

/** The GraphQL errors of an answer that was no `202`: the client calls it a failure of the network. */
async function errorsIn(error: unknown): Promise<unknown> {
  if (!(error instanceof NetworkError) || !(error.response instanceof Response)) return undefined;
  const body: unknown = await error.response.json().catch(() => undefined);
  return Object(body).errors;
}

/** As browsers do it: the request stays the same, and the last event's id goes with it. */
function asEventSource(takeTurns: TakeTurns): Client {
  const closing = new AbortController();
  return {
    carry(start) {
      const next = takeTurns();
      let lastEventId = start;
      return {
        subscribe(request, sink) {
          const leaving = new AbortController();
          const signal = AbortSignal.any([leaving.signal, closing.signal]);
          const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
          const { query, variables } = request;
          const reading = readEvents(next(), { query, variables: variables ?? {} }, { headers, signal });
          void (async () => {
            try {
              for await (const { event, id, data } of reading) {
                if (event === 'complete') return sink.complete();
                lastEventId = id ?? lastEventId;
                sink.next(JSON.parse(data));
              }
              sink.error(new Error('The stream ended.'));
            } catch (error) {
              sink.error(error);
            }
          })();
          return () => leaving.abort();
        },
      };
    },
    close: () => closing.abort(),
  };
}

async function* readEvents(
  url: string,
  operation: Parameters<typeof openEventStream>[1],
  { headers, signal }: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
): AsyncGenerator<ServerSentEvent> {
  const stream = await openEventStream(url, operation, headers);
  signal.addEventListener('abort', stream.leave);
  if (signal.aborted) stream.leave();
  for (let event = await stream.next(); event !== undefined; event = await stream.next()) yield event;
}
