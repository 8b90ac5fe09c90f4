import type { ServerResponse } from 'node:http';
import type { PlainAnswer } from './plain-operation.ts';

/** Sends a whole response of Yoga's: a JSON result, a page, or only a status. */
export async function sendResponse(response: ServerResponse, given: Response): Promise<void> {
  const body = Buffer.from(await given.arrayBuffer());
  response.setHeaders(given.headers);
  response.writeHead(given.status, { 'content-length': body.length });
  response.end(body);
}

/** Sends an answer that is a text. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: PlainAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  // As a text it leaves together with the headers.
  response.end(body);
}
