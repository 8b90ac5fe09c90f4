import type { IncomingMessage } from 'node:http';
import { requestError } from './http-errors.ts';

/**
 * A request's body as text, of at most so many bytes.
 *
 * @throws GraphQLError `REQUEST_ENTITY_TOO_LARGE`, as soon as it is known; the rest is not read
 */
export function readBody(request: IncomingMessage, most: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes <= most) return void chunks.push(chunk);
    request.off('data', take).pause();
    reject(requestError(413, 'REQUEST_ENTITY_TOO_LARGE', `The body has more than ${most} bytes.`));
  };
  request
    .on('data', take)
    .once('end', () => resolve(textOf(chunks)))
    .once('close', () => {
      // A client that leaves in the middle: nobody waits for the answer.
      if (!request.complete) reject(requestError(400, 'BAD_REQUEST', 'The body ended too early.'));
    })
    .once('error', reject);
  return promise;
}

function textOf([first, ...rest]: readonly Buffer[]): string {
  if (first === undefined) return '';
  return (rest.length === 0 ? first : Buffer.concat([first, ...rest])).toString('utf8');
}
