import { getIntrospectionQuery } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type CounterServer, startCounter } from './counter-server.ts';
import { onlyError, post } from './requests.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(() => server.stop());

const deep = (levels: number): string =>
  `{ node ${'{ child '.repeat(levels - 2)}{ name }${' }'.repeat(levels - 2)} }`;
const tooMuch: readonly (readonly [string, string])[] = [
  ['depth', deep(13)],
  [
    'depth',
    `fragment F on Node ${deep(12).replace('{ node', '').replace(/ }$/, '')} { node { child { ...F } } }`,
  ],
  ['aliases', `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: count`).join(' ')} }`],
  ['directives', `{ count ${'@include(if: true) '.repeat(51)} }`],
  ['tokens', `{ ${'count '.repeat(2_000)} }`],
  ['cost', '{ node { children(first: 100000) { name } } }'],
];

describe.each(tooMuch)('a document beyond the limit of %s', (limit, query) => {
  test('is refused over HTTP', async () => {
    const reply = await post(server.graphql, { query }, { accept: 'application/graphql-response+json' });
    expect(reply.status).toBe(400);
    const errors = reply.body.errors?.filter(({ extensions }) => extensions.code === 'LIMIT_EXCEEDED');
    expect(errors?.map(({ extensions }) => extensions.limit)).toEqual([limit]);
    expect(reply.body.data).toBeUndefined();
  });

  test('is refused over a WebSocket', async () => {
    const client = createClient({ url: server.socket, webSocketImpl: WebSocket });
    const answer = new Promise((resolve, reject) => {
      client.subscribe(
        { query },
        { next: reject, error: resolve, complete: () => reject(new Error('completed')) },
      );
    });
    expect(await answer).toContainEqual(
      expect.objectContaining({ extensions: expect.objectContaining({ code: 'LIMIT_EXCEEDED', limit }) }),
    );
    await client.dispose();
  });
});

test('introspection and a document at the limit pass', async () => {
  const introspection = await post(server.graphql, {
    query: getIntrospectionQuery({ inputValueDeprecation: true }),
  });
  expect(introspection.body.errors).toBeUndefined();
  expect((await post(server.graphql, { query: deep(12) })).body.errors).toBeUndefined();
});

test('a limit can be set', async () => {
  const narrow = await startCounter({ limits: { depth: 2, bodyBytes: 100 } });
  expect(onlyError(await post(narrow.graphql, { query: deep(3) })).message).toBe(
    'The operation is deeper than 2 levels.',
  );
  expect((await post(narrow.graphql, { query: `{ count } # ${'x'.repeat(100)}` })).status).toBe(413);
  await narrow.stop();
});
