import type { IncomingMessage, ServerResponse } from 'node:http';

/** Browsers ask again before a request after so many seconds, or sooner: two hours is the most that Chromium remembers. */
const remembered = 7_200;
/** What scripts may read of an answer beside its body. */
const exposed = 'x-correlation-id, retry-after, x-graphql-event-stream-token';

/**
 * Lets the pages of these origins read what they are answered, whatever answers it: results, event streams, refusals. Pages of the
 * server's own origin need no leave.
 */
export function setCorsHeaders(
  { headers }: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): void {
  if (origins.length === 0) return;
  // One that kept an answer for somebody else would keep the leave, too, or its absence.
  response.setHeader('vary', 'Origin');
  const { origin } = headers;
  if (origin === undefined || !origins.includes(origin)) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-expose-headers', exposed);
}

/** Answers what a browser asks before a page of another origin sends something; `setCorsHeaders` has said whether it may. */
export function answerPreflight({ headers }: IncomingMessage, response: ServerResponse): void {
  const asked = headers['access-control-request-headers'];
  if (response.hasHeader('access-control-allow-origin')) {
    response.setHeader('access-control-allow-methods', 'GET, POST, PUT, DELETE');
    response.setHeader('access-control-max-age', remembered);
    // Which headers there are is the client library's business: a page that may call at all may send any.
    if (asked !== undefined) response.setHeader('access-control-allow-headers', asked);
  }
  response.writeHead(204).end();
}
