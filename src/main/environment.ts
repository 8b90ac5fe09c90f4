import { isIP } from 'node:net';
import { LivefoldError } from '../kernel/errors.ts';

/** What the environment says about how to run. */
export type Environment = {
  /** `DATABASE_URL`: a PostgreSQL server; Livefold starts one of its own when it is not set. */
  readonly databaseUrl: string | undefined;
  /** `LIVEFOLD_DATA`: where Livefold's own PostgreSQL keeps its data. */
  readonly dataDirectory: string;
  /** `HOST` and `PORT`: where the server listens; port 0 picks a free one. */
  readonly host: string;
  readonly port: number;
  /** `LOG_LEVEL`: the least important lines that are written. */
  readonly logLevel: string;
  /** `NODE_ENV` is `production`: GraphiQL stays off. */
  readonly isProduction: boolean;
};

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/**
 * Reads the environment. An empty variable counts as not set.
 *
 * @throws LivefoldError `INVALID_ENVIRONMENT` naming the variable and what it may be
 */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const read = (name: string): string | undefined => env[name] || undefined;
  const isProduction = read('NODE_ENV') === 'production';
  return {
    databaseUrl: read('DATABASE_URL'),
    dataDirectory: read('LIVEFOLD_DATA') ?? '.livefold',
    host: checkHost(read('HOST') ?? '127.0.0.1'),
    port: checkPort(read('PORT') ?? '4000'),
    logLevel: checkLogLevel(read('LOG_LEVEL') ?? (isProduction ? 'info' : 'warn')),
    isProduction,
  };
}

function checkPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw invalid('PORT', text, 'a number from 0 to 65535; 0 picks a free port');
}

function checkHost(text: string): string {
  if (text === 'localhost' || isIP(text) !== 0) return text;
  throw invalid('HOST', text, 'an IP address or localhost');
}

function checkLogLevel(text: string): string {
  if (logLevels.includes(text)) return text;
  throw invalid('LOG_LEVEL', text, `one of ${logLevels.join(', ')}`);
}

function invalid(name: string, value: string, allowed: string): LivefoldError {
  return new LivefoldError('INVALID_ENVIRONMENT', `${name}=${value} cannot be used: it is ${allowed}.`, {
    fields: { name, value },
  });
}
