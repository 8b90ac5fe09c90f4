import { subscriptionExchange, Client as UrqlClient } from '@urql/core';
import { createClient } from 'graphql-ws';
import { test } from 'vitest';
import { WebSocket } from 'ws';
import type { ServedProgram } from '../support/served-program.ts';
import { type Client, expectResuming } from './resuming-client.ts';

test('urql, subscribing again after each failure, misses nothing and gets nothing twice when the server is killed', () =>
  expectResuming(connect));

function connect({ graphql, socket }: ServedProgram): Client {
  const connection = createClient({ url: socket, webSocketImpl: WebSocket, retryAttempts: 0 });
  const client = new UrqlClient({
    url: graphql,
    preferGetMethod: false,
    exchanges: [
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables = {} }) => ({
          subscribe: ({ next, ...sink }) => ({
            unsubscribe: connection.subscribe(
              { query, variables },
              { ...sink, next: ({ data = null, errors }) => next({ data, ...(errors && { errors }) }) },
            ),
          }),
        }),
      }),
    ],
  });
  return {
    subscribe: ({ query, variables: { after } }, take) =>
      new Promise((resolve, reject) => {
        const subscription = client.subscription(query, { after }).subscribe(({ data, error, hasNext }) => {
          if (data !== undefined && data !== null) take(data);
          if (error === undefined && hasNext !== false) return;
          // A network error only says that the server is gone.
          if (error !== undefined && error.networkError === undefined) reject(error);
          resolve();
          setImmediate(() => subscription.unsubscribe());
        });
      }),
    close: () => connection.dispose(),
  };
}
