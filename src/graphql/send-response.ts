import type { ServerResponse } from 'node:http';

/** Sends a whole response of Yoga's: a JSON result, a page, or only a status. */
export async function sendResponse(response: ServerResponse, given: Response): Promise<void> {
  const body = Buffer.from(await given.arrayBuffer());
  response.setHeaders(given.headers);
  response.writeHead(given.status, { 'content-length': body.length });
  response.end(body);
}
