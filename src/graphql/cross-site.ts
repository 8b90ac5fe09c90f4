import type { IncomingMessage } from 'node:http';
import { isFromAllowedOrigin } from './origin.ts';

/**
 * Whether a page elsewhere sends the request, without having been allowed to. It could not read the answer, but the work would be done, with the
 * visitor's reach. Images, scripts and frames send no `Origin`; browsers say of those where they come from. Preflights are answered, and
 * following a link is everybody's right.
 */
export function isFromElsewhere(request: IncomingMessage, origins: readonly string[]): boolean {
  const { method, headers } = request;
  if (method === 'OPTIONS') return false;
  if (!isFromAllowedOrigin(request, origins)) return true;
  const isCrossSite = headers['sec-fetch-site'] === 'cross-site' && headers.origin === undefined;
  return isCrossSite && headers['sec-fetch-dest'] !== 'document';
}
