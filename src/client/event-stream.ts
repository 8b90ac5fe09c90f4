import { LivefoldError } from '../kernel/errors.ts';
import { readServerSentEvents } from '../kernel/server-sent-events.ts';
import type { OperationRequest, ResultError, Sink, Transport } from './transport.ts';

export type EventStreamOptions = {
  /** The GraphQL endpoint. */
  readonly url: string;
  /** Headers to send; a function is asked again for each connection, and so has a fresh token each time. */
  readonly headers?: Headers | (() => Headers | Promise<Headers>);
  /** A connection silent for so many milliseconds is lost: the server shows life every 12 seconds. Default 30,000. */
  readonly timeout?: number;
};

type Headers = Readonly<Record<string, string>>;

/** A page of a snapshot has at most 500 rows: beyond this it is something else. */
const mostText = 64 * 1_048_576;

/**
 * Carries subscriptions as server-sent events, one request each, over `fetch`: where WebSockets do not pass. Its failures are
 * `EVENT_STREAM_REFUSED`, with the `status`, `EVENT_STREAM_BROKEN`, the answer's own GraphQL errors, or what `fetch` throws.
 */
export function eventStream(options: EventStreamOptions): Transport {
  return {
    subscribe(request, sink) {
      const leaving = new AbortController();
      void carry(options, request, { sink, leaving });
      return () => leaving.abort();
    },
  };
}

type Connection = { readonly sink: Sink; readonly leaving: AbortController };

async function carry(
  options: EventStreamOptions,
  request: OperationRequest,
  { sink, leaving }: Connection,
): Promise<void> {
  const silence = new Silence(options.timeout ?? 30_000, leaving);
  try {
    const response = await send(options, request, leaving.signal);
    const refusal = await refusalOf(response);
    if (refusal !== undefined) return sink.error(refusal);
    for await (const { event, data } of readServerSentEvents(textOf(response, silence), mostText)) {
      if (leaving.signal.aborted) return;
      if (event === 'complete') return sink.complete();
      if (event === 'next') sink.next(JSON.parse(data));
    }
    sink.error(broken('The server ended the event stream without saying that it is complete.'));
  } catch (error) {
    if (silence.isTooLong) sink.error(broken('The server was silent for too long.'));
    else if (!leaving.signal.aborted) sink.error(error);
  } finally {
    silence.end();
    leaving.abort();
  }
}

async function send(
  { url, headers = {} }: EventStreamOptions,
  { query, variables, operationName, extensions }: OperationRequest,
  signal: AbortSignal,
): Promise<Response> {
  const own = typeof headers === 'function' ? await headers() : headers;
  return fetch(url, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...own },
    body: JSON.stringify({ query, variables, operationName, extensions }),
    signal,
  });
}

/** What the server answered in place of a stream: GraphQL's errors where it gave some. A stream may bring errors too, as results. */
async function refusalOf(response: Response): Promise<readonly ResultError[] | LivefoldError | undefined> {
  const { status, headers } = response;
  if (headers.get('content-type')?.startsWith('text/event-stream')) return undefined;
  const text = await response.text();
  return errorsIn(text) ?? refused(status);
}

function errorsIn(text: string): readonly ResultError[] | undefined {
  try {
    const { errors } = JSON.parse(text);
    return Array.isArray(errors) && errors.length > 0 ? errors : undefined;
  } catch {
    return undefined;
  }
}

function refused(status: number): LivefoldError {
  return new LivefoldError(
    'EVENT_STREAM_REFUSED',
    `The server answered with status ${status} and no event stream.`,
    {
      fields: { status },
    },
  );
}

function broken(message: string): LivefoldError {
  return new LivefoldError('EVENT_STREAM_BROKEN', message);
}

async function* textOf({ body }: Response, silence: Silence): AsyncGenerator<string> {
  if (body === null) return;
  const decoder = new TextDecoder();
  // A reader, since not every browser lets `for await` have the stream itself.
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    silence.heard();
    yield decoder.decode(value, { stream: true });
  }
}

/** Aborts a connection on which nothing was heard for too long. */
class Silence {
  isTooLong = false;
  readonly #timeout: number;
  readonly #leaving: AbortController;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(timeout: number, leaving: AbortController) {
    this.#timeout = timeout;
    this.#leaving = leaving;
    this.heard();
  }

  heard(): void {
    this.end();
    this.#timer = setTimeout(() => {
      this.isTooLong = true;
      this.#leaving.abort();
    }, this.#timeout);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
