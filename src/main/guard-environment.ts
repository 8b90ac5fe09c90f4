import type { ServerOptions } from '../graphql/server.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { readTrustedDocuments } from './trusted-documents-file.ts';

type Read = (name: string) => string | undefined;

/** What keeps a server from being asked for too much, as far as the environment says it. */
export type GuardEnvironment = Required<
  Pick<ServerOptions, 'introspection' | 'origins' | 'proxies' | 'documents' | 'limits'>
> & { readonly graphiql: boolean };

/** What a caller may spend in production: a page of 100 orders with lines and customers a dozen times a second. */
export const productionRate = 100_000;

/**
 * Reads `LIVEFOLD_GRAPHIQL`, `LIVEFOLD_INTROSPECTION`, `LIVEFOLD_ORIGINS`, `LIVEFOLD_PROXIES`, `LIVEFOLD_RATE`, `LIVEFOLD_TIMEOUT`
 * and `LIVEFOLD_DOCUMENTS`. In production the schema is shown to nobody who has not been meant to see it.
 *
 * @throws LivefoldError `INVALID_ENVIRONMENT`, `INVALID_DOCUMENTS`
 */
export function readGuardEnvironment(
  read: Read,
  { isProduction }: { readonly isProduction: boolean },
): GuardEnvironment {
  const documents = read('LIVEFOLD_DOCUMENTS');
  const rate = wholeNumber(read, 'LIVEFOLD_RATE', { usual: isProduction ? productionRate : 0 });
  return {
    graphiql: isOn(read, 'LIVEFOLD_GRAPHIQL', !isProduction),
    introspection: isOn(read, 'LIVEFOLD_INTROSPECTION', !isProduction),
    origins: (read('LIVEFOLD_ORIGINS') ?? '').split(',').flatMap(toOrigin),
    proxies: wholeNumber(read, 'LIVEFOLD_PROXIES', { usual: 0, most: 10 }),
    documents: documents === undefined ? undefined : readTrustedDocuments(documents),
    limits: {
      rate: rate === 0 ? Infinity : rate,
      operationTime: wholeNumber(read, 'LIVEFOLD_TIMEOUT', { usual: 30, least: 1, most: 86_400 }) * 1_000,
    },
  };
}

function isOn(read: Read, name: string, usual: boolean): boolean {
  const text = read(name) ?? String(usual);
  if (text === 'true' || text === 'false') return text === 'true';
  throw invalid(name, text, 'true or false');
}

function wholeNumber(
  read: Read,
  name: string,
  { usual, least = 0, most = 999_999_999 }: { usual: number; least?: number; most?: number },
): number {
  const text = read(name) ?? String(usual);
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw invalid(name, text, `a whole number from ${least} to ${most}`);
}

function toOrigin(text: string): readonly string[] {
  const origin = text.trim();
  if (origin === '') return [];
  if (URL.canParse(origin) && new URL(origin).origin === origin) return [origin];
  throw invalid('LIVEFOLD_ORIGINS', origin, 'a list of origins such as https://shop.example, with commas');
}

function invalid(name: string, value: string, allowed: string): LivefoldError {
  return new LivefoldError('INVALID_ENVIRONMENT', `${name}=${value} cannot be used: it is ${allowed}.`, {
    fields: { name, value },
  });
}
