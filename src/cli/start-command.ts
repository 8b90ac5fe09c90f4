import { shop } from '../app/shop.ts';
import { createLogger } from '../main/create-logger.ts';
import { readEnvironment } from '../main/environment.ts';
import { type Served, serve } from '../main/serve.ts';
import { simulateCustomers } from './simulate-customers.ts';
import { stopSignal } from './stop-signal.ts';

export type StartOptions = { readonly isDemo: boolean; readonly seed?: string; readonly pace?: string };

/** Starts the shop, says where it is, and stops it in order on Ctrl-C or SIGTERM. */
export async function startCommand({ isDemo, seed = '1', pace = '500' }: StartOptions): Promise<void> {
  const { databaseUrl, dataDirectory, host, port, logLevel, isProduction } = readEnvironment(process.env);
  const signal = stopSignal();
  console.log(databaseUrl === undefined ? `Starting PostgreSQL in ${dataDirectory}/ …` : 'Connecting to DATABASE_URL …');
  await using served = await serve(shop, { databaseUrl, dataDirectory, host, port, graphiql: !isProduction, logger: createLogger(logLevel) });
  announce(served, !isProduction);
  const customers = isDemo ? simulateCustomers(served.backend, { seed: Number(seed), pace: Number(pace), signal }) : undefined;
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  console.log('Stopping …');
  await customers;
}

function announce({ url }: Served, hasGraphiQL: boolean): void {
  const socket = url.replace(/^http/, 'ws');
  const lines = [
    'Livefold is running.',
    '',
    ...(hasGraphiQL ? [`  GraphiQL       ${url}/graphql   (open it in a browser)`] : []),
    `  HTTP and SSE   ${url}/graphql`,
    `  WebSocket      ${socket}/graphql`,
    `  Health         ${url}/health, ${url}/ready`,
    '',
    'Press Ctrl-C to stop.',
  ];
  console.log(lines.join('\n'));
}
