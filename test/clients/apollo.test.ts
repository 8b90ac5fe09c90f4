import { ApolloClient, CombinedGraphQLErrors, gql, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import { test } from 'vitest';
import { WebSocket } from 'ws';
import type { ServedProgram } from '../support/served-program.ts';
import { type Client, expectResuming } from './resuming-client.ts';

test('Apollo Client, subscribing again after each failure, misses nothing and gets nothing twice when the server is killed', () =>
  expectResuming(connect));

function connect({ socket }: ServedProgram): Client {
  const connection = createClient({ url: socket, webSocketImpl: WebSocket, retryAttempts: 0 });
  const client = new ApolloClient({ link: new GraphQLWsLink(connection), cache: new InMemoryCache() });
  return {
    subscribe: ({ query, variables: { after } }, take) =>
      new Promise((resolve, reject) => {
        // Each frame is a message, not a state of the cache: two orders that share an id are two frames.
        const frames = client.subscribe({ query: gql(query), variables: { after }, fetchPolicy: 'no-cache' });
        frames.subscribe({
          next: ({ data, error }) => {
            if (error === undefined) take(data ?? {});
            // Any other error is the network's, and only says that the server is gone.
            else if (CombinedGraphQLErrors.is(error)) reject(error);
            else resolve();
          },
          error: reject,
          complete: resolve,
        });
      }),
    close: async () => {
      client.stop();
      await connection.dispose();
    },
  };
}
