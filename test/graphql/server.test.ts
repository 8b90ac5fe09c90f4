import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { sleep } from '../../src/kernel/async.ts';
import { startCounter } from './counter-server.ts';
import { openEventStream } from './event-source.ts';
import { post } from './requests.ts';

test('a taken port is a clear error', async () => {
  const first = await startCounter();
  await expect(startCounter({ port: first.port })).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringContaining('PORT=0'),
    fields: { host: '127.0.0.1', port: first.port },
  });
  await first.stop();
});

test('an address that is not ours is a clear error', async () => {
  await expect(startCounter({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'CANNOT_LISTEN' });
});

test('health says the process is up, readiness whether it can work', async () => {
  let reasons: string[] = [];
  const server = await startCounter({ isReady: async () => ({ ready: reasons.length === 0, reasons }) });
  const health = await fetch(`${server.url}/health`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  reasons = ['the database cannot be reached'];
  const ready = await fetch(`${server.url}/ready`);
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'not ready', reasons }]);
  await server.stop();
});

test('stopping lets a running mutation end, over HTTP and over a WebSocket, and takes nothing new', async () => {
  const server = await startCounter();
  const mutation = { query: 'mutation { hold }' };
  const client = createClient({
    url: server.socket,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  const overSocket = client.iterate(mutation).next();
  const overHttp = post(server.graphql, mutation);
  await vi.waitFor(() => expect(server.state.holding).toBe(2));

  const stopped = server.stop();
  await expect(fetch(`${server.url}/health`)).rejects.toThrow();
  server.state.gate.ring();
  expect((await overHttp).body).toEqual({ data: { hold: expect.any(Number) } });
  expect(await overSocket).toMatchObject({ value: { data: { hold: expect.any(Number) } } });
  await stopped;
  expect(server.state.count).toBe(2);
  await client.dispose();
});

test('stopping ends streams without completing them, so that clients come back', async () => {
  const server = await startCounter();
  const stream = await openEventStream(server.graphql, { query: 'subscription { deaf }' });
  const socket = new WebSocket(server.socket, 'graphql-transport-ws');
  await once(socket, 'open');
  const messages: string[] = [];
  socket.on('message', (message) => messages.push(String(message)));
  socket.send('{"type":"connection_init"}');
  await vi.waitFor(() => expect(messages).toHaveLength(1));
  socket.send('{"id":"1","type":"subscribe","payload":{"query":"subscription { silent }"}}');
  await vi.waitFor(() => expect([...server.state.open.values()]).toEqual([1, 1]));

  const closed = once(socket, 'close');
  await server.stop();
  expect((await closed)[0]).toBe(1001);
  expect(messages).toEqual(['{"type":"connection_ack"}']);
  expect(await stream.next()).toBeUndefined();
  expect([...server.state.open.values()]).toEqual([0, 0]);
});

test('graphql-ws comes back by itself to a server that was restarted', async () => {
  const first = await startCounter();
  const client = createClient({
    url: first.socket,
    webSocketImpl: WebSocket,
    retryAttempts: 50,
    retryWait: () => sleep(20),
    shouldRetry: () => true,
  });
  const results = client.iterate({ query: 'subscription { counts(after: 0) }' });
  first.state.add(1);
  expect(await results.next()).toMatchObject({ value: { data: { counts: 1 } } });
  await first.stop();
  const second = await startCounter({ port: first.port });
  second.state.add(2);
  expect(await results.next()).toMatchObject({ value: { data: { counts: 2 } } });
  await client.dispose();
  await second.stop();
});
