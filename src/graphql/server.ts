import { createServer, type ServerOptions as HttpOptions } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { sleep } from '../kernel/async.ts';
import type { Logger } from '../kernel/log.ts';
import { createAdmission } from './admission.ts';
import type { Sessions } from './auth/sessions.ts';
import { DocumentCache } from './document-cache.ts';
import type { GraphiQLOptions } from './graphiql.ts';
import { createGraphQLEndpoint } from './graphql-endpoint.ts';
import type { Readiness } from './health.ts';
import { HttpHandler } from './http-handler.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { listen, urlOf } from './listen.ts';
import { LiveGroups } from './live-groups.ts';
import type { CreateContext } from './operation.ts';
import { Places } from './places.ts';
import { Pulse } from './pulse.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import { WebSockets } from './websocket.ts';

export type ServerOptions = {
  readonly schema: GraphQLSchema;
  /** Called once for each operation. */
  readonly createContext: CreateContext;
  /** Knows callers and what they may; everything is open unless given. */
  readonly sessions?: Sessions | undefined;
  readonly isReady: () => Promise<Readiness>;
  readonly logger: Logger;
  /** The interface to bind; only this machine unless given. */
  readonly host?: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly graphiql?: GraphiQLOptions | false;
  readonly limits?: Partial<Limits>;
  /** Origins such as `https://shop.example` whose pages may call the server, besides its own. */
  readonly origins?: readonly string[];
  /** Whether clients may ask for the schema, and hear what they may have meant; they may unless `false`. */
  readonly introspection?: boolean;
  /** How many proxies of one's own stand before the server, each of which adds to `X-Forwarded-For`; none unless given. */
  readonly proxies?: number;
  /** The only operations that run; any unless given. */
  readonly documents?: TrustedDocuments | undefined;
};

export type RunningServer = {
  /** Where to reach it, without a path: GraphQL is at `/graphql`. */
  readonly url: string;
  readonly port: number;
  /** Sends clients away, lets running operations end for up to 10 seconds, then closes. */
  readonly stop: () => Promise<void>;
};

const gracePeriod = 10_000;
/** Milliseconds between two signs of life: proxies close connections that are silent for long, often after 30 or 60 seconds. */
const pingInterval = 12_000;

/**
 * Starts a GraphQL server: HTTP, server-sent events and WebSockets on `/graphql`, GraphiQL for browsers, `/health`, `/ready`.
 *
 * @throws LivefoldError `PORT_TAKEN` or `CANNOT_LISTEN`
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { schema, createContext, isReady, logger, host = '127.0.0.1', origins = [], graphiql = {} } = options;
  const { introspection = true, proxies = 0, documents } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const groups = new LiveGroups({ createContext, logger });
  const runtime = {
    ...{ createContext, sessions: options.sessions, logger, groups },
    operationTime: limits.operationTime,
    // Where not all is everybody's, a name that the client only nearly knows is not told.
    suggests: introspection && options.sessions === undefined,
  };
  const stopping = new AbortController();
  const graceOver = new AbortController();
  const signals = { stopping: stopping.signal, graceOver: graceOver.signal };

  const cache = new DocumentCache({ most: 1_000, longest: 10_000 });
  const asked = { runtime, limits, documents, cache };
  const endpoint = createGraphQLEndpoint({ schema, graphiql, introspection, ...asked });
  const interval = Math.min(pingInterval, limits.idleSeconds * 1_000);
  const shared = { pulse: new Pulse({ interval, signal: stopping.signal }), places: new Places(limits) };
  const { operationsPerSocket } = limits;
  const plain = { schema, runtime, documents, cache };
  const arrive = createAdmission(limits);
  const asking = {
    logger,
    origins,
    proxies,
    arrive,
    operationsPerSocket,
    plain,
    bodyBytes: limits.bodyBytes,
  };
  const handler = new HttpHandler({ endpoint, isReady, ...asking, ...signals, ...shared });
  const sockets = new WebSockets({
    endpoint,
    origins,
    proxies,
    arrive,
    ...asked,
    stopping: stopping.signal,
    ...shared,
  });
  const server = createServer(patience(limits), handler.handle).on('upgrade', sockets.upgrade);
  const port = await listen(server, host, options.port);

  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    stopping.abort();
    const finished = new AbortController();
    const deadline = sleep(gracePeriod, finished.signal).then(() => graceOver.abort());
    await Promise.race([Promise.all([handler.idle(), sockets.stop(graceOver.signal)]), deadline]);
    finished.abort();
    server.closeAllConnections();
    await closed;
  };
  let stopped: Promise<void> | undefined;
  return {
    url: urlOf(host, port),
    port,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Whoever sends a request byte by byte does not keep a connection for long. */
function patience({ requestTime }: Limits): HttpOptions {
  return {
    requestTimeout: requestTime,
    headersTimeout: requestTime / 3,
    connectionsCheckingInterval: Math.min(1_000, requestTime / 10),
  };
}
