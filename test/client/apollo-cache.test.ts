import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLivefoldLink } from '../../src/apollo.ts';
import { orders, ScriptedTransport } from './scripted-transport.ts';

const watch = gql`
  subscription {
    orders {
      upserted {
        id
        status
      }
    }
  }
`;
const list = gql`
  query {
    orders {
      nodes {
        id
        status
      }
    }
  }
`;

type Row = { readonly __typename: 'Order'; readonly id: string; readonly status: string };
type List = { readonly orders: { readonly __typename: string; readonly nodes: readonly Row[] } };
type Live = { readonly orders: { readonly upserted: readonly Row[] } };

const order = (id: string, status: string): Row => ({ __typename: 'Order', id, status });

// Apollo warns in the console where it believes that the cache loses something.
const warn = vi.spyOn(console, 'warn');
beforeEach(() => void warn.mockClear());
afterEach(() => expect(warn).not.toHaveBeenCalled());

function open() {
  const transport = new ScriptedTransport();
  const client = new ApolloClient({
    link: ApolloLink.from([createLivefoldLink({ transport })]),
    cache: new InMemoryCache(),
  });
  client.writeQuery<List>({
    query: list,
    data: { orders: { __typename: 'OrderConnection', nodes: [order('a', 'PLACED')] } },
  });
  return { transport, client };
}

test('the rows of frames are entities of the cache: queries that show one see it change', async () => {
  const { transport, client } = open();
  const states: unknown[] = [];
  client.subscribe<Live>({ query: watch }).subscribe(({ data }) => states.push(data?.orders.upserted));
  await vi.waitFor(() => expect(transport.attempts).toHaveLength(1));
  const { sink } = transport.last;
  sink.next(
    orders({ kind: 'SNAPSHOT', position: 2, upserted: [order('a', 'PLACED'), order('b', 'PLACED')] }),
  );
  sink.next(orders({ position: 3, upserted: [order('a', 'PAID')] }));
  sink.next(orders({ position: 4, removed: ['b'] }));
  await vi.waitFor(() =>
    expect(states).toEqual([
      [order('a', 'PLACED'), order('b', 'PLACED')],
      [order('a', 'PAID'), order('b', 'PLACED')],
      [order('a', 'PAID')],
    ]),
  );
  expect(client.readQuery<List>({ query: list })?.orders.nodes).toEqual([order('a', 'PAID')]);
});

test('a query that subscribes to more has all rows of the live field', async () => {
  const { transport, client } = open();
  const query = client.watchQuery<List>({ query: list, fetchPolicy: 'cache-only' });
  const shown: unknown[] = [];
  query.subscribe(({ data }) => shown.push(data?.orders?.nodes));
  query.subscribeToMore<Live>({
    document: watch,
    updateQuery: (_, { subscriptionData: { data } }) => ({
      orders: { __typename: 'OrderConnection', nodes: data.orders.upserted },
    }),
  });
  await vi.waitFor(() => expect(transport.attempts).toHaveLength(1));
  transport.last.sink.next(orders({ kind: 'SNAPSHOT', position: 2, upserted: [order('a', 'PLACED')] }));
  transport.last.sink.next(orders({ position: 3, upserted: [order('b', 'PLACED')] }));
  transport.last.sink.next(orders({ position: 4, removed: ['a'] }));
  await vi.waitFor(() => expect(shown.at(-1)).toEqual([order('b', 'PLACED')]));
});
