import { once } from 'node:events';
import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type CounterServer, startCounter } from './counter-server.ts';

let server: CounterServer;
const clients: Client[] = [];
beforeAll(async () => {
  server = await startCounter({ limits: { operationsPerSocket: 3 } });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
});
afterAll(() => server.stop());

function connect(options: Partial<ClientOptions> = {}): Client {
  const client = createClient({ url: server.socket, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
  clients.push(client);
  return client;
}

const isOpen = (field: string) => vi.waitFor(() => expect(server.state.open.get(field)).toBe(1));
const isOver = (field: string) => vi.waitFor(() => expect(server.state.open.get(field)).toBe(0));

async function resultOf(client: Client, query: string): Promise<unknown> {
  for await (const result of client.iterate({ query })) return result;
  return undefined;
}

test('queries and mutations run, and each result of a subscription has its position', async () => {
  const client = connect();
  const start = server.state.additions.length;
  const results = client.iterate({ query: `subscription { counts(after: ${start}) }` });
  expect(await resultOf(client, 'mutation { add(amount: 7) }')).toEqual({ data: { add: 7 } });
  const { value } = await results.next();
  expect(value).toEqual({ data: { counts: 7 }, extensions: { position: String(start + 1) } });
  expect(await resultOf(client, '{ count }')).toEqual({ data: { count: 7 } });
});

test.each(['authorization', 'Authorization'])(
  'the caller comes from the connection parameter "%s"',
  async (name) => {
    expect(await resultOf(connect({ connectionParams: { [name]: 'Bearer me' } }), '{ caller }')).toEqual({
      data: { caller: 'Bearer me' },
    });
  },
);

test.each([
  ['{ coutn }', 'GRAPHQL_VALIDATION_FAILED'],
  ['{ count', 'GRAPHQL_PARSE_FAILED'],
])('%s is refused with a code and a correlation id that finds the log line', async (query, code) => {
  const errors = await resultOf(connect(), query).catch((error: unknown) => error);
  expect(errors).toMatchObject([{ extensions: { code, correlationId: expect.any(String) } }]);
  expect(JSON.stringify(errors)).not.toContain('http');
  const id = (errors as { extensions: { correlationId: string } }[])[0]?.extensions.correlationId;
  expect(server.log.some(({ facts }) => facts.correlationId === id)).toBe(true);
});

test('an inner error is masked', async () => {
  const result = await resultOf(connect(), '{ throws }');
  expect(result).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL' } }] });
  expect(JSON.stringify(result)).not.toContain('hunter2');
});

test('a source that fails ends with its error, masked, and completes', async () => {
  const results: unknown[] = [];
  for await (const result of connect().iterate({ query: 'subscription { failing }' })) results.push(result);
  expect(results).toMatchObject([
    { data: { failing: 1 } },
    { errors: [{ extensions: { code: 'INTERNAL' } }] },
  ]);
});

test.each(['silent', 'deaf', 'counts'])(
  'a client that completes ends the source "%s" while it waits',
  async (field) => {
    const complete = connect().subscribe(
      { query: `subscription { ${field} }` },
      { next() {}, error() {}, complete() {} },
    );
    await isOpen(field);
    complete();
    await isOver(field);
  },
);

test.each(['silent', 'deaf', 'counts', 'starting'])(
  'a socket that breaks ends the source "%s"',
  async (field) => {
    const socket = await openRaw();
    subscribe(socket, '1', `subscription { ${field} }`);
    await isOpen(field);
    socket.terminate();
    await isOver(field);
  },
);

test('a client that does not read is not read for: the source waits', async () => {
  server.state.pulled = 0;
  const socket = await openRaw();
  socket.pause();
  subscribe(socket, '1', 'subscription { flood }');
  await vi.waitFor(() => expect(server.state.pulled).toBeGreaterThan(0));
  let pulled = 0;
  // Waits until nothing is pulled any more; a source without a brake would never let it.
  await vi.waitUntil(
    () => {
      const isStill = pulled === server.state.pulled;
      pulled = server.state.pulled;
      return isStill;
    },
    { interval: 200, timeout: 20_000 },
  );
  expect(pulled).toBeLessThan(400);
  socket.terminate();
  await isOver('flood');
});

test('a socket has so many operations open and no more', async () => {
  const socket = await openRaw();
  for (const id of ['1', '2', '3', '4']) subscribe(socket, id, 'subscription { counts }');
  const message = await nextMessage(socket);
  expect(message).toMatchObject({
    id: '4',
    type: 'error',
    payload: [{ extensions: { code: 'LIMIT_EXCEEDED' } }],
  });
  socket.terminate();
  await isOver('counts');
});

test.each([
  ['a message beyond the limit', `"${'x'.repeat(1_048_577)}"`, 1009],
  ['a message that is no JSON', '{', 4400],
  ['a message of an unknown type', '{"type":"steal"}', 4400],
])('%s closes the socket', async (_, message, code) => {
  const socket = await openRaw();
  socket.send(message);
  const [closedWith] = await once(socket, 'close');
  expect(closedWith).toBe(code);
});

test('an operation before the connection is acknowledged closes the socket', async () => {
  const socket = new WebSocket(server.socket, 'graphql-transport-ws');
  await once(socket, 'open');
  subscribe(socket, '1', '{ count }');
  expect((await once(socket, 'close'))[0]).toBe(4401);
});

test.each([
  ['a foreign page', '/graphql', { origin: 'https://evil.example' }, 403],
  ['another path', '/other', {}, 404],
])('%s gets no socket', async (_, path, headers, status) => {
  const socket = new WebSocket(server.socket.replace('/graphql', path), 'graphql-transport-ws', { headers });
  const [error] = await once(socket, 'error').catch((raised: unknown) => [raised]);
  expect(String(error)).toContain(String(status));
});

test('a page of the server itself gets a socket', async () => {
  const socket = new WebSocket(server.socket, 'graphql-transport-ws', { headers: { origin: server.url } });
  await once(socket, 'open');
  socket.terminate();
});

async function openRaw(): Promise<WebSocket> {
  const socket = new WebSocket(server.socket, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  expect(await nextMessage(socket)).toEqual({ type: 'connection_ack' });
  return socket;
}

function subscribe(socket: WebSocket, id: string, query: string): void {
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query } }));
}

async function nextMessage(socket: WebSocket): Promise<unknown> {
  const [message] = await once(socket, 'message');
  return JSON.parse(String(message));
}
