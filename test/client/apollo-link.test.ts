import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { test } from 'vitest';
import { createLivefoldLink } from '../../src/apollo.ts';
import { type Connect, expectLive } from './live-clients.ts';

test('Apollo Client with the link sees all rows at each change, through cut lines and a killed server, none missed and none twice', () =>
  // graphql-ws comes back by itself, and sends the variables as they are then.
  expectLive(connect, {
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    shouldRetry: () => true,
  }));

const connect: Connect = (transport, graphql) => {
  const client = new ApolloClient({
    link: ApolloLink.from([createLivefoldLink({ transport }), new HttpLink({ uri: graphql })]),
    cache: new InMemoryCache(),
  });
  return {
    watch: (query, take) => {
      client.subscribe({ query: gql(query) }).subscribe(({ data, error }) => {
        if (error !== undefined) throw error;
        take(data ?? {});
      });
    },
  };
};
