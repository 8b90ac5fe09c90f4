import { cacheExchange, fetchExchange, Client as UrqlClient } from '@urql/core';
import { test } from 'vitest';
import { livefoldExchange } from '../../src/urql.ts';
import { type Connect, expectLive } from './live-clients.ts';

test('urql with the exchange sees all rows at each change, through cut lines and a killed server, none missed and none twice', () =>
  expectLive(connect, { retryAttempts: 0 }));

const connect: Connect = (transport, graphql) => {
  const client = new UrqlClient({
    url: graphql,
    preferGetMethod: false,
    exchanges: [cacheExchange, livefoldExchange({ transport }), fetchExchange],
  });
  return {
    watch: (query, take) => {
      client.subscription(query, {}).subscribe(({ data, error }) => {
        if (error !== undefined) throw error;
        take(data);
      });
    },
  };
};
