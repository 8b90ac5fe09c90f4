import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { onAbort } from '../kernel/async.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { Admit, Arrive } from './admission.ts';
import { answerShared } from './answer-shared.ts';
import { askYoga } from './ask-yoga.ts';
import { callerAddress } from './caller-address.ts';
import { answerPreflight, setCorsHeaders } from './cors.ts';
import { isFromElsewhere } from './cross-site.ts';
import { toGraphQLError } from './errors.ts';
import { writeEventStream } from './event-stream.ts';
import { eventStreamOutlet } from './event-stream-outlet.ts';
import { graphiqlPolicy } from './graphiql.ts';
import { type Exchange, type GraphQLEndpoint, graphqlPath } from './graphql-endpoint.ts';
import { answerHealth, answerReadiness, type Readiness } from './health.ts';
import { refuse, requestError } from './http-errors.ts';
import { correlationIdFrom, type Operation } from './operation.ts';
import type { Places } from './places.ts';
import { answerPlainly, type PlainOptions } from './plain-operation.ts';
import type { Pulse } from './pulse.ts';
import { readBody } from './read-body.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { sendAnswer, sendResponse } from './send-response.ts';
import type { SharedEventStream } from './shared-event-stream.ts';
import { SharedEventStreams } from './shared-event-streams.ts';
import type { Results } from './subscribe.ts';

export type HttpHandlerOptions = {
  readonly endpoint: GraphQLEndpoint;
  readonly plain: PlainOptions;
  /** Bytes of a body. */
  readonly bodyBytes: number;
  readonly isReady: () => Promise<Readiness>;
  readonly logger: Logger;
  /** Whose pages may call, besides the server's own. */
  readonly origins: readonly string[];
  /** How many proxies there are before the server. */
  readonly proxies: number;
  readonly arrive: Arrive;
  /** Operations that one shared event stream may have open, like a WebSocket. */
  readonly operationsPerSocket: number;
  /** Aborts when the server begins to stop: event streams end. */
  readonly stopping: AbortSignal;
  /** Aborts when the server waits no longer: running operations are told. */
  readonly graceOver: AbortSignal;
  readonly pulse: Pulse;
  readonly places: Places;
};

type Asked = { readonly request: IncomingMessage; readonly response: ServerResponse };
type HttpExchange = Asked & { readonly correlationId: string; readonly admit: Admit };

/** Answers the server's HTTP requests; everything of GraphQL's is Yoga's work. */
export class HttpHandler {
  readonly #options: HttpHandlerOptions;
  readonly #running = new Set<Promise<void>>();
  /** What tells the operations of requests that nobody waits for them. */
  readonly #unfinished = new Set<AbortController>();
  readonly #streams: SharedEventStreams;

  constructor(options: HttpHandlerOptions) {
    this.#options = options;
    this.#streams = new SharedEventStreams(options);
    onAbort(options.graceOver, () => {
      for (const gone of this.#unfinished) gone.abort();
    });
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const correlationId = correlationIdFrom(request.headers['x-correlation-id']);
    response.setHeader('x-correlation-id', correlationId);
    setSecurityHeaders(response);
    const running = this.#answer({ request, response }, correlationId)
      .catch((error: unknown) => this.#fail(response, correlationId, error))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  };

  /** Resolves when every request that runs now is answered. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #answer({ request, response }: Asked, correlationId: string): Promise<void> {
    const scope = { correlationId, logger: this.#options.logger };
    if (this.#options.stopping.aborted) {
      response.setHeader('connection', 'close');
      return refuse(response, requestError(503, 'UNAVAILABLE', 'The server is stopping.'), scope);
    }
    const path = request.url?.split('?', 1)[0];
    if (path === '/health') return answerHealth(response);
    if (path === '/ready') return answerReadiness(response, this.#options.isReady);
    if (path === '/') return void response.writeHead(302, { location: graphqlPath }).end();
    const { arrive, origins, proxies } = this.#options;
    setCorsHeaders(request, response, origins);
    const fault = faultOf(request, path, origins);
    if (fault !== undefined) return refuse(response, fault, scope);
    if (request.method === 'OPTIONS') return answerPreflight(request, response);
    try {
      const address = callerAddress(request, proxies);
      const exchange = { request, response, correlationId, admit: arrive({ address }) };
      if (await this.#streams.answer(request, response, address)) return;
      const stream = this.#streams.find(request);
      if (stream === undefined) return await this.#answerGraphQL(exchange);
      return await this.#answerShared(exchange, stream);
    } catch (error) {
      if (!(error instanceof GraphQLError) && !isLivefoldError(error, 'RATE_LIMITED')) throw error;
      return refuse(response, toGraphQLError(error), scope);
    }
  }

  async #answerShared(exchange: HttpExchange, stream: SharedEventStream): Promise<void> {
    const { request, response } = exchange;
    const stopping = new AbortController();
    const body = await this.#bodyOf(request, response);
    const { endpoint } = this.#options;
    // The outlet is this request's own answer, not the stream.
    const { outlet: _, ...lasting } = { ...this.#open(exchange), signal: stopping.signal };
    await answerShared(request, response, { endpoint, body, stream, operation: lasting, stopping });
  }

  async #answerGraphQL(asked: HttpExchange): Promise<void> {
    const { request, response, correlationId } = asked;
    const { endpoint, logger, plain } = this.#options;
    const body = await this.#bodyOf(request, response);
    const operation = this.#open(asked);
    if (body !== null) {
      const { accept } = request.headers;
      const answer = await answerPlainly({ body, accept }, operation, plain);
      if (answer !== undefined) return sendAnswer(response, answer);
    }
    const exchange: Exchange = { operation };
    const answer = await askYoga(endpoint, request, body, exchange);
    if (exchange.results !== undefined) await this.#stream(asked, exchange.results);
    else if (answer.status === 406) {
      const error = requestError(
        406,
        'NOT_ACCEPTABLE',
        'The answer can be JSON or, for a subscription, an event stream.',
      );
      refuse(response, error, { correlationId, logger });
    } else {
      if (answer.headers.get('content-type') === 'text/html')
        response.setHeader('content-security-policy', graphiqlPolicy);
      await sendResponse(response, answer);
    }
  }

  async #bodyOf(request: IncomingMessage, response: ServerResponse): Promise<string | null> {
    if (request.method !== 'POST') return null;
    try {
      return await readBody(request, this.#options.bodyBytes);
    } catch (error) {
      // With half a body in it the connection cannot be used again.
      response.setHeader('connection', 'close');
      throw error;
    }
  }

  async #stream({ request, response, correlationId }: HttpExchange, results: Results): Promise<void> {
    const { stopping, pulse, places, logger } = this.#options;
    const leave = places.take();
    if (leave === null) {
      await results.return(undefined);
      return refuse(response, places.refusal(), { correlationId, logger });
    }
    response.once('close', leave);
    // An EventSource can only GET; other clients of streams POST.
    await writeEventStream(response, results, { stopping, pulse, seesOnlyEvents: request.method === 'GET' });
  }

  #open({ request, response, correlationId, admit }: HttpExchange): Operation {
    const { authorization = null, 'last-event-id': lastEventId } = request.headers;
    return {
      correlationId,
      authorization,
      session: null,
      admit,
      lastEventId: typeof lastEventId === 'string' ? lastEventId : null,
      signal: this.#signalOf(response),
      outlet: eventStreamOutlet(response),
    };
  }

  /** Aborts when the client leaves before it is answered, or the server waits no longer. */
  #signalOf(response: ServerResponse): AbortSignal {
    const gone = new AbortController();
    const { signal } = gone;
    if (response.destroyed || this.#options.graceOver.aborted) {
      gone.abort();
      return signal;
    }
    this.#unfinished.add(gone);
    response.once('close', () => {
      this.#unfinished.delete(gone);
      if (!response.writableFinished) gone.abort();
    });
    return signal;
  }

  #fail(response: ServerResponse, correlationId: string, err: unknown): void {
    const { logger } = this.#options;
    if (response.headersSent || response.destroyed) {
      logger.warn({ correlationId, err }, 'A request failed after its answer had begun.');
      response.destroy();
      return;
    }
    logger.error({ correlationId, err }, 'A request could not be answered.');
    const error = requestError(500, 'INTERNAL', 'Something went wrong; quote the correlation id.');
    refuse(response, error, { correlationId, logger });
  }
}

/** What forbids to hand a request to Yoga. */
function faultOf(request: IncomingMessage, path: string | undefined, origins: readonly string[]) {
  const { method, headers } = request;
  if (path !== graphqlPath)
    return requestError(404, 'NOT_FOUND', `There is nothing here: GraphQL is at ${graphqlPath}.`);
  if (isFromElsewhere(request, origins))
    return requestError(403, 'FORBIDDEN', 'A page of another origin may not call this server.');
  // Yoga makes a URL from it, and answers with a stack trace when that fails.
  if (headers.host !== undefined && !URL.canParse(`http://${headers.host}`)) {
    return requestError(400, 'BAD_REQUEST', 'The header `Host` is no host.');
  }
  // Browsers send other types to foreign hosts without asking first: a page elsewhere could send mutations.
  if (method === 'POST' && !/^application\/(graphql\+)?json *(;|$)/i.test(headers['content-type'] ?? '')) {
    return requestError(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the operation as `application/json`.');
  }
  // A kilobyte of it may be a gigabyte when it is unpacked.
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? ''))
    return requestError(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the operation as it is, not compressed.');
  return undefined;
}
