import type { ServerResponse } from 'node:http';

const headers = new Map([
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  // An answer is data: whoever makes a page of it gets an empty one, and in nobody's frame.
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-resource-policy', 'same-origin'],
  // Answers depend on the caller, whom no cache knows.
  ['cache-control', 'no-store'],
]);

/** What browsers and caches are told with every answer; event streams and GraphiQL say some of it in their own way. */
export function setSecurityHeaders(response: ServerResponse): void {
  response.setHeaders(headers);
}
