import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type CounterServer, startCounter } from './counter-server.ts';
import { openEventStream } from './event-source.ts';
import { onlyError, post } from './requests.ts';
import { codesOf, transports } from './transports.ts';

const documents = new Map([
  ['echo-1', 'query ($text: String!) { echo(text: $text) }'],
  ['add-1', 'mutation { add(amount: 1) }'],
  ['watch-1', 'subscription { counts(after: 0) }'],
]);

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter({ documents });
});
afterAll(() => server.stop());

const byHash = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });
const variables = { text: 'hi' };

describe('a trusted document runs', () => {
  test.each([
    ['by its id', { documentId: 'echo-1' }],
    ['by its hash', byHash('echo-1')],
    ['whatever text comes with it', { documentId: 'echo-1', query: 'mutation { add(amount: 9) }' }],
  ])('over HTTP, %s', async (_, asked) => {
    const reply = await post(server.graphql, { ...asked, variables });
    expect(reply.body).toEqual({ data: { echo: 'hi' } });
  });

  test.each([
    ['by its id', { documentId: 'echo-1' }],
    ['by its hash', { extensions: JSON.stringify(byHash('echo-1').extensions) }],
  ])('in a URL, %s', async (_, asked) => {
    const url = `${server.graphql}?${new URLSearchParams({ ...asked, variables: JSON.stringify(variables) })}`;
    expect(await (await fetch(url)).json()).toEqual({ data: { echo: 'hi' } });
  });

  test('over a WebSocket, and as server-sent events', async () => {
    server.state.add(5);
    const client = createClient({ url: server.socket, webSocketImpl: WebSocket, retryAttempts: 0 });
    const results = client.iterate({ query: '', ...byHash('watch-1') });
    expect(await results.next()).toMatchObject({ value: { data: { counts: 5 } } });
    await client.dispose();
    const stream = await openEventStream(server.graphql, { query: '', ...byHash('watch-1') });
    expect((await stream.next())?.data).toContain('{"data":{"counts":5}');
    stream.leave();
  });
});

describe('anything else is refused', () => {
  const attacks = [
    ['a text', { query: '{ count }' }],
    ['the text of a trusted document', { query: documents.get('add-1') ?? '' }],
    ['an unknown id', { query: 'mutation { add(amount: 9) }', documentId: 'other' }],
    ['an unknown hash', { query: 'mutation { add(amount: 9) }', ...byHash('other') }],
    ['the name of what every object has', { query: '', documentId: 'constructor' }],
    ['a hash that is no text', { query: '{ count }', extensions: { persistedQuery: { sha256Hash: {} } } }],
    ['introspection', { query: '{ __schema { types { name } } }' }],
  ] as const;

  describe.each(transports)('over %s', (_, ask) => {
    test.each(attacks)('%s', async (_name, operation) => {
      const before = server.state.count;
      const answer = await ask(server, operation);
      expect(codesOf(answer)).toEqual(['UNTRUSTED_DOCUMENT']);
      expect(server.state.count).toBe(before);
    });

    test('a text beside a trusted document', async () => {
      const asked = { query: 'mutation { add(amount: 9) }', ...byHash('echo-1'), variables };
      const before = server.state.count;
      expect(await ask(server, asked)).toEqual({ data: { echo: 'hi' } });
      expect(server.state.count).toBe(before);
    });
  });

  test('as server-sent events', async () => {
    const { response } = await openEventStream(server.graphql, { query: 'subscription { silent }' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('UNTRUSTED_DOCUMENT');
  });

  test('a trusted mutation in a URL', async () => {
    const before = server.state.count;
    expect((await fetch(`${server.graphql}?documentId=add-1`)).status).toBe(405);
    expect(server.state.count).toBe(before);
  });
});

test('without trusted documents a documentId means nothing', async () => {
  const open = await startCounter();
  const reply = await post(open.graphql, { documentId: 'echo-1', variables });
  expect(onlyError(reply).extensions.code).toBe('BAD_REQUEST');
  await open.stop();
});
