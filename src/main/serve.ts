import { guardModels } from '../graphql/auth/guard-models.ts';
import type { JwtOptions } from '../graphql/auth/jwt-verifier.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { buildBackendSchema, buildGuardedSchema } from '../graphql/build-schema.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import type { Readiness } from '../graphql/health.ts';
import { type ServerOptions, startServer } from '../graphql/server.ts';
import { stopWith } from '../graphql/stop-with.ts';
import { silentLogger } from '../kernel/log.ts';
import { productionRate } from './guard-environment.ts';
import { authenticationOf, openSessions } from './open-sessions.ts';
import { type BackendOptions, type RunningBackend, startBackend } from './start-backend.ts';

type Guards = Pick<ServerOptions, 'introspection' | 'origins' | 'proxies' | 'documents' | 'limits'>;

export type ServeOptions = BackendOptions &
  Guards & {
    /** Which JSON Web Tokens callers are known by. Everything is open without it, unless the definition has `authenticate`. */
    readonly jwt?: JwtOptions | undefined;
    /** The interface to bind; only this machine unless given. */
    readonly host?: string;
    /** 4000 unless given; 0 picks a free one. */
    readonly port?: number;
    /** Whether browsers get GraphiQL; like introspection they do unless `NODE_ENV` is `production`. */
    readonly graphiql?: boolean;
  };

/** A backend with its GraphQL server. */
export interface Served extends AsyncDisposable {
  /** Where to reach it, without a path: GraphQL is at `/graphql`. */
  readonly url: string;
  readonly port: number;
  readonly backend: RunningBackend;
  /** Sends clients away, lets running operations end, then stops the backend. */
  stop(): Promise<void>;
}

/**
 * Starts a backend and serves it over GraphQL: HTTP, WebSocket and server-sent events on `/graphql`.
 *
 * @throws LivefoldError `PORT_TAKEN` when another program listens there
 * @throws LivefoldError `OPEN_IN_PRODUCTION` when everybody could do everything and `NODE_ENV` is `production`
 * @throws LivefoldError `RULE_MISSING` when callers are known and the schema leaves open what they may
 */
export async function serve(definition: BackendDefinition, options: ServeOptions = {}): Promise<Served> {
  const { host = '127.0.0.1', port = 4000, logger = silentLogger } = options;
  const isProduction = process.env.NODE_ENV === 'production';
  const { graphiql = !isProduction, introspection = !isProduction, origins, proxies, documents } = options;
  await using starting = new AsyncDisposableStack();
  const authenticate = authenticationOf(definition, options);
  const { schema, rules } =
    authenticate === undefined
      ? { schema: buildBackendSchema(definition), rules: undefined }
      : buildGuardedSchema(definition);
  const backend = starting.use(await startBackend(definition, options));
  const sessions =
    authenticate && rules
      ? starting.use(await openSessions(backend, { authenticate, rules }, options))
      : undefined;
  const server = await startServer({
    schema,
    sessions,
    createContext: ({ authorization: _, ...request }) => {
      const { session } = request;
      const stoppable = stopWith(backend, request.signal);
      const seen = sessions ? { ...stoppable, models: guardModels(stoppable.models, session) } : stoppable;
      const context: GraphQLContext = { backend: seen, ...request };
      return definition.context?.(context) ?? context;
    },
    isReady: () => readiness(backend),
    logger,
    host,
    port,
    introspection,
    documents,
    ...(origins && { origins }),
    ...(proxies !== undefined && { proxies }),
    limits: { ...(isProduction && { rate: productionRate }), ...options.limits },
    graphiql: graphiql
      ? { title: `Livefold · ${definition.name}`, tabs: definition.graphiqlTabs ?? [] }
      : false,
  });
  starting.defer(() => server.stop());
  const running = starting.move();
  const stop = (): Promise<void> => running.disposeAsync();
  return { url: server.url, port: server.port, backend, stop, [Symbol.asyncDispose]: stop };
}

/** Ready is a database that answers and projections that have not stopped over an error. */
async function readiness(backend: RunningBackend): Promise<Readiness> {
  const failing = [...backend.projections.values()].filter(({ lastError }) => lastError !== null);
  const reasons = failing.map(
    ({ projection, status, lastError }) =>
      `The projection "${projection.name}" ${status === 'STOPPED' ? 'has stopped' : 'is trying again'}: ${lastError}`,
  );
  try {
    await backend.ping();
  } catch {
    reasons.unshift('The database does not answer.');
  }
  return { ready: reasons.length === 0, reasons };
}
