import { createClient } from 'graphql-ws';
import { test } from 'vitest';
import { WebSocket } from 'ws';
import type { ServedProgram } from '../support/served-program.ts';
import { type Client, expectResuming } from './resuming-client.ts';

test('graphql-ws, reconnecting by itself, misses nothing and gets nothing twice when the server is killed', () =>
  expectResuming(connect));

/** Its own retries send the operation again, whose `after` has moved on. */
function connect({ socket }: ServedProgram): Client {
  const client = createClient({
    url: socket,
    webSocketImpl: WebSocket,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    shouldRetry: () => true,
  });
  return {
    subscribe: (operation, take) =>
      new Promise((resolve, reject) => {
        client.subscribe(operation, {
          next: ({ data, errors }) => (errors ? reject(errors[0]) : take(data ?? {})),
          error: reject,
          complete: resolve,
        });
      }),
    close: () => client.dispose(),
  };
}
