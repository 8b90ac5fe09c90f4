import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { onAbort } from '../kernel/async.ts';
import { readBackendEnvironment } from './backend-environment.ts';
import { createLogger } from './create-logger.ts';
import { reportFailure } from './report-failure.ts';
import { type Served, serve } from './serve.ts';
import { stopSignal } from './stop-signal.ts';

/** Milliseconds that stopping may take: requests have ten seconds to end, connections to the database five. */
const longestStop = 30_000;

/** What goes on beside the server, until the signal aborts. */
export type Companion = (served: Served, signal: AbortSignal) => Promise<void>;

/**
 * Runs a backend as a program of its own: reads the environment (`DATABASE_URL`, `PORT`, `HOST`, `LIVEFOLD_DATA`,
 * `LOG_LEVEL`, `NODE_ENV` and what `StorageEnvironment` lists), serves, says where, and stops in order on Ctrl-C or SIGTERM. When it cannot start it says why,
 * and the exit code is 1. Then the process ends, whatever a backend has left open.
 */
export async function run(definition: BackendDefinition, companion?: Companion): Promise<void> {
  try {
    await serveUntilStopped(definition, companion);
  } catch (error) {
    reportFailure(error);
  }
  process.exit();
}

async function serveUntilStopped(definition: BackendDefinition, companion?: Companion): Promise<void> {
  const { storage, jwt, guards, host, port, limits, logLevel } = readBackendEnvironment(
    definition,
    process.env,
  );
  const signal = stopSignal();
  console.log(
    storage.databaseUrl === undefined
      ? `Starting PostgreSQL in ${storage.dataDirectory}/ …`
      : 'Connecting to DATABASE_URL …',
  );
  const logger = createLogger(logLevel);
  await using served = await serve(definition, {
    ...storage,
    jwt,
    host,
    port,
    ...guards,
    limits: { ...limits, ...guards.limits },
    logger,
  });
  announce(served, guards.graphiql);
  if (jwt === undefined && definition.authenticate === undefined) warnOfOpenness();
  const stopping = new Promise<void>((resolve) => onAbort(signal, resolve)).then(() => {
    console.log('Stopping …');
    setTimeout(giveUp, longestStop).unref();
  });
  await Promise.all([stopping, companion?.(served, signal)]);
}

/** What is under way then can no longer be waited for; what was acknowledged is stored. */
function giveUp(): void {
  console.error(`Stopping took longer than ${longestStop / 1_000} seconds: ending now.`);
  process.exit(1);
}

/** On standard error, where it is seen even if the rest is not read. */
function warnOfOpenness(): void {
  const lines = [
    '',
    '  ██  EVERYTHING IS OPEN: nobody is asked who they are.',
    '  ██  Whoever reaches this server reads everything and does everything, whatever the schema\u2019s @allow says.',
    '  ██  Set LIVEFOLD_JWKS_URL (or LIVEFOLD_JWT_PUBLIC_KEY, or LIVEFOLD_JWT_SECRET), LIVEFOLD_JWT_ISSUER and',
    '  ██  LIVEFOLD_JWT_AUDIENCE. With NODE_ENV=production Livefold does not start like this.',
    '',
  ];
  console.error(lines.join('\n'));
}

function announce({ url }: Served, hasGraphiQL: boolean): void {
  const lines = [
    'Livefold is running.',
    '',
    ...(hasGraphiQL ? [`  GraphiQL       ${url}/graphql   (open it in a browser)`] : []),
    `  HTTP and SSE   ${url}/graphql`,
    `  WebSocket      ${url.replace(/^http/, 'ws')}/graphql`,
    `  Health         ${url}/health, ${url}/ready`,
    '',
    'Press Ctrl-C to stop.',
  ];
  console.log(lines.join('\n'));
}
