import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, InMemoryCache } from '@apollo/client';
import { type CombinedError, Client as UrqlClient } from '@urql/core';
import { expect, test, vi } from 'vitest';
import { createLivefoldLink } from '../../src/apollo.ts';
import { livefoldExchange } from '../../src/urql.ts';
import { orders, ScriptedTransport } from './scripted-transport.ts';

const query = 'subscription { orders { upserted { id } } }';
const refusal = [{ message: 'No such field.', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }];
const unauthorized = { code: 4401, reason: 'Unauthorized' };

async function openUrql() {
  const transport = new ScriptedTransport();
  const client = new UrqlClient({
    url: 'http://127.0.0.1/',
    preferGetMethod: false,
    exchanges: [livefoldExchange({ transport })],
  });
  const seen: (CombinedError | undefined)[] = [];
  client.subscription(query, {}).subscribe(({ error }) => seen.push(error));
  await vi.waitFor(() => expect(transport.attempts).toHaveLength(1));
  return { sink: transport.last.sink, seen };
}

async function openApollo() {
  const transport = new ScriptedTransport();
  const client = new ApolloClient({
    link: ApolloLink.from([createLivefoldLink({ transport })]),
    cache: new InMemoryCache(),
  });
  const seen: unknown[] = [];
  client.subscribe({ query: gql(query) }).subscribe(({ error }) => seen.push(error));
  await vi.waitFor(() => expect(transport.attempts).toHaveLength(1));
  return { sink: transport.last.sink, seen };
}

test('urql shows what the server refuses, and why a connection was refused', async () => {
  const refused = await openUrql();
  refused.sink.error(refusal);
  expect(refused.seen[0]?.graphQLErrors[0]?.extensions).toEqual(refusal[0]?.extensions);
  const closed = await openUrql();
  closed.sink.error(unauthorized);
  expect(closed.seen[0]?.networkError).toEqual(unauthorized);
});

test('urql does not go on showing an error that was over with the next result', async () => {
  const { sink, seen } = await openUrql();
  sink.next(orders({ kind: 'SNAPSHOT', position: 1 }));
  sink.next({ ...orders({ position: 2 }), errors: refusal });
  sink.next(orders({ position: 3 }));
  expect(seen.map((error) => error?.graphQLErrors.length)).toEqual([undefined, 1, undefined]);
});

test('Apollo Client shows what the server refuses, and why a connection was refused', async () => {
  const refused = await openApollo();
  refused.sink.error(refusal);
  await vi.waitFor(() => expect(CombinedGraphQLErrors.is(refused.seen[0])).toBe(true));
  const closed = await openApollo();
  closed.sink.error(unauthorized);
  await vi.waitFor(() => expect(closed.seen[0]).toMatchObject({ cause: unauthorized }));
});
