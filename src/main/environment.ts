import { isIP } from 'node:net';
import type { JwtOptions } from '../graphql/auth/jwt-verifier.ts';
import type { Limits } from '../graphql/limits.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { type GuardEnvironment, readGuardEnvironment } from './guard-environment.ts';
import { readJwtEnvironment } from './jwt-environment.ts';

/** What the environment says about where data is and how it is stored: the options of `startBackend`. */
export type StorageEnvironment = {
  /** `DATABASE_URL`: a PostgreSQL server; Livefold starts one of its own when it is not set. */
  readonly databaseUrl: string | undefined;
  /** `LIVEFOLD_DATA`: where Livefold's own PostgreSQL keeps its data. */
  readonly dataDirectory: string;
  /** `LIVEFOLD_KEYS`: the master keys that wrap all others, the current one first; outside of production a file in the data folder when not set. */
  readonly masterKeys: string | undefined;
  /** `LIVEFOLD_ENCRYPT` is `true`: the data of every event is stored encrypted. */
  readonly encrypt: boolean;
  /** `LIVEFOLD_COMPRESS_FROM`: event data of so many bytes or more is stored compressed; none when not set. */
  readonly compressFrom: number | undefined;
  /** `LIVEFOLD_TOKEN_MAX_AGE`: for how many seconds from when it was made a token is believed at most; as long as it says when not set. */
  readonly maxTokenAge: number | undefined;
  /** `LIVEFOLD_CHAIN` is `true`: a hash chain over the log is kept, so that `livefold verify` notices what was changed. */
  readonly chain: boolean;
  /** `LIVEFOLD_PROJECT` is `false`: the process serves, and leaves projections and process managers to others. */
  readonly project: boolean;
};

/** What the environment says about how to run. */
export type Environment = {
  readonly storage: StorageEnvironment;
  /** Which callers are believed: `LIVEFOLD_JWKS_URL` and what else begins with `LIVEFOLD_JWT_`; everything is open when none is set. */
  readonly jwt: JwtOptions | undefined;
  /** What keeps the server from being asked for too much: see `readGuardEnvironment`. */
  readonly guards: GuardEnvironment;
  /** `HOST` and `PORT`: where the server listens; port 0 picks a free one. */
  readonly host: string;
  readonly port: number;
  /**
   * `LIVEFOLD_MAX_CONNECTIONS`, `LIVEFOLD_MAX_OPERATIONS` (of one WebSocket), `LIVEFOLD_MAX_MESSAGE` (bytes), `LIVEFOLD_IDLE_SECONDS`:
   * how much clients may ask for.
   */
  readonly limits: Partial<Limits>;
  /** `LOG_LEVEL`: the least important lines that are written. */
  readonly logLevel: string;
  /** `NODE_ENV` is `production`: GraphiQL and introspection stay off unless asked for, callers have a rate limit, and master keys have to be given. */
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
  const compressFrom = read('LIVEFOLD_COMPRESS_FROM');
  const masterKeys = read('LIVEFOLD_KEYS');
  const maxTokenAge = read('LIVEFOLD_TOKEN_MAX_AGE');
  return {
    storage: {
      databaseUrl: read('DATABASE_URL'),
      dataDirectory: read('LIVEFOLD_DATA') ?? '.livefold',
      masterKeys,
      encrypt: checkSwitch('LIVEFOLD_ENCRYPT', read('LIVEFOLD_ENCRYPT') ?? 'false'),
      compressFrom: compressFrom === undefined ? undefined : checkBytes(compressFrom),
      maxTokenAge: maxTokenAge === undefined ? undefined : checkLimit('LIVEFOLD_TOKEN_MAX_AGE', maxTokenAge),
      chain: checkSwitch('LIVEFOLD_CHAIN', read('LIVEFOLD_CHAIN') ?? 'false'),
      project: checkSwitch('LIVEFOLD_PROJECT', read('LIVEFOLD_PROJECT') ?? 'true'),
    },
    jwt: readJwtEnvironment(read),
    guards: readGuardEnvironment(read, { isProduction }),
    host: checkHost(read('HOST') ?? '127.0.0.1'),
    port: checkPort(read('PORT') ?? '4000'),
    limits: readLimits(read),
    logLevel: checkLogLevel(read('LOG_LEVEL') ?? (isProduction ? 'info' : 'warn')),
    isProduction,
  };
}

const limitVariables = {
  LIVEFOLD_MAX_CONNECTIONS: 'connections',
  LIVEFOLD_MAX_OPERATIONS: 'operationsPerSocket',
  LIVEFOLD_MAX_MESSAGE: 'bodyBytes',
  LIVEFOLD_IDLE_SECONDS: 'idleSeconds',
} as const satisfies Readonly<Record<string, keyof Limits>>;

function readLimits(read: (name: string) => string | undefined): Partial<Limits> {
  const given = Object.entries(limitVariables).flatMap(([name, limit]) => {
    const text = read(name);
    return text === undefined ? [] : [[limit, checkLimit(name, text)] as const];
  });
  return Object.fromEntries(given);
}

function checkLimit(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw invalid(name, text, 'a whole number from 1 to 999999999');
}

function checkPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw invalid('PORT', text, 'a number from 0 to 65535; 0 picks a free port');
}

function checkSwitch(name: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw invalid(name, text, 'true or false');
}

function checkBytes(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw invalid('LIVEFOLD_COMPRESS_FROM', text, 'a number of bytes from 0 to 9999999');
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
