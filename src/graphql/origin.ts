import type { IncomingMessage } from 'node:http';

/**
 * Whether a request may come from the page it comes from. Browsers send `Origin`, and let any page open a WebSocket: without
 * this check a foreign page could use the server with the visitor's reach. Programs send none and are let in.
 */
export function isFromAllowedOrigin(request: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
