import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import {
  cacheExchange,
  createClient as createUrqlClient,
  fetchExchange,
  subscriptionExchange,
} from '@urql/core';
import { OperationTypeNode } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type CounterServer, startCounter } from './counter-server.ts';

let server: CounterServer;
let socket: Client;
beforeAll(async () => {
  server = await startCounter();
  socket = createClient({ url: server.socket, webSocketImpl: WebSocket });
});
afterAll(async () => {
  await socket.dispose();
  await server.stop();
});

describe('@urql/core', () => {
  const connect = (isOverSse: boolean) =>
    createUrqlClient({
      url: server.graphql,
      preferGetMethod: false,
      fetchSubscriptions: isOverSse,
      exchanges: isOverSse ? [cacheExchange, fetchExchange] : [cacheExchange, fetchExchange, overSocket()],
    });
  const overSocket = () =>
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => {
          // The two libraries write the type of one GraphQL result in different ways.
          const next = (result: object) => sink.next(result);
          return { unsubscribe: socket.subscribe({ query, variables: variables ?? {} }, { ...sink, next }) };
        },
      }),
    });

  test('queries, mutates and sees errors', async () => {
    const client = connect(false);
    const added = await client.mutation('mutation ($n: Int!) { add(amount: $n) }', { n: 2 });
    expect(added.data).toEqual({ add: server.state.count });
    expect((await client.query('{ count }', {})).data).toEqual({ count: server.state.count });
    const { error } = await client.query('{ throws(code: "NOT_FOUND") }', {});
    expect(error?.graphQLErrors[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each([
    ['WebSocket', false],
    ['SSE', true],
  ])('subscribes over %s', async (_, isOverSse) => {
    const after = server.state.additions.length;
    server.state.add(3);
    const query = 'subscription ($after: Int) { counts(after: $after) }';
    const result = await new Promise<{ data?: unknown; extensions?: unknown }>((resolve) => {
      const { unsubscribe } = connect(isOverSse)
        .subscription(query, { after })
        .subscribe((given) => {
          resolve(given);
          queueMicrotask(() => unsubscribe());
        });
    });
    expect(result.data).toEqual({ counts: server.state.count });
    expect(result.extensions).toEqual({ position: String(after + 1) });
  });
});

describe('@apollo/client', () => {
  const connect = () =>
    new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(socket),
        new HttpLink({ uri: server.graphql }),
      ),
    });

  test('queries, mutates and sees errors', async () => {
    const client = connect();
    const mutation = gql('mutation ($n: Int!) { add(amount: $n) }');
    const added = await client.mutate({ mutation, variables: { n: 2 } });
    expect(added.data).toEqual({ add: server.state.count });
    expect((await client.query({ query: gql('{ count }') })).data).toEqual({ count: server.state.count });
    await expect(client.query({ query: gql('{ throws(code: "NOT_FOUND") }') })).rejects.toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
  });

  test('subscribes over WebSocket', async () => {
    const after = server.state.additions.length;
    server.state.add(3);
    const query = gql('subscription ($after: Int) { counts(after: $after) }');
    const result = await new Promise((resolve, reject) => {
      const subscription = connect()
        .subscribe({ query, variables: { after } })
        .subscribe({
          error: reject,
          next: (given) => {
            resolve(given.data);
            queueMicrotask(() => subscription.unsubscribe());
          },
        });
    });
    expect(result).toEqual({ counts: server.state.count });
  });
});
