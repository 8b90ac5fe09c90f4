import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Limits } from '../../src/graphql/limits.ts';
import { type CounterServer, startCounter } from './counter-server.ts';
import { openEventStream } from './event-source.ts';

let server: CounterServer | undefined;
const sockets: WebSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await server?.stop();
});

/** Looks after its connections once a second. */
async function start(limits: Partial<Limits>): Promise<CounterServer> {
  server = await startCounter({ limits });
  return server;
}

function open({ socket }: CounterServer, options: { readonly autoPong?: boolean } = {}): WebSocket {
  const opened = new WebSocket(socket, 'graphql-transport-ws', options);
  sockets.push(opened);
  return opened;
}

async function init(socket: WebSocket): Promise<void> {
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
}

const watch = { query: 'subscription { counts }' };

test('a server has so many connections open and no more, and a place that is left is free', async () => {
  const started = await start({ connections: 2 });
  const stays = open(started);
  await once(stays, 'open');
  const stream = await openEventStream(started.graphql, watch);

  const [code, reason] = await once(open(started), 'close');
  expect([code, String(reason)]).toEqual([1013, 'Too many connections']);
  const refused = await openEventStream(started.graphql, watch);
  expect([refused.response.status, refused.response.headers.get('content-type')]).toEqual([
    503,
    'application/json; charset=utf-8',
  ]);
  // What ends by itself takes no place.
  const headers = { 'content-type': 'application/json' };
  const query = await fetch(started.graphql, { method: 'POST', headers, body: '{"query":"{ count }"}' });
  expect(query.status).toBe(200);

  stream.leave();
  await vi.waitFor(async () => {
    const again = await openEventStream(started.graphql, watch);
    expect(again.response.status).toBe(200);
  });
  stays.terminate();
  await vi.waitFor(async () => {
    const again = open(started);
    again.on('close', () => {});
    await init(again);
  });
});

test('what is refused for want of a place says so', async () => {
  const started = await start({ connections: 1 });
  await once(open(started), 'open');
  const { response } = await openEventStream(started.graphql, watch);
  const { errors } = JSON.parse(await new Response(response.body).text());
  expect(errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', limit: 'connections' } }]);
  await vi.waitFor(() => expect(started.state.open.get('counts') ?? 0).toBe(0));
});

test('a socket without operations is closed after a while, one with operations is not', async () => {
  const started = await start({ idleSeconds: 1 });
  const busy = open(started);
  await init(busy);
  busy.send(JSON.stringify({ id: '1', type: 'subscribe', payload: watch }));
  const idle = open(started);
  await init(idle);
  const [code, reason] = await once(idle, 'close');
  expect([code, String(reason)]).toEqual([1001, 'Idle']);
  expect(busy.readyState).toBe(WebSocket.OPEN);
  busy.send('{"id":"1","type":"complete"}');
  expect((await once(busy, 'close'))[0]).toBe(1001);
});

test('a client that shows no life is gone', async () => {
  const started = await start({ idleSeconds: 1 });
  const dead = open(started, { autoPong: false });
  await init(dead);
  dead.send(JSON.stringify({ id: '1', type: 'subscribe', payload: watch }));
  expect((await once(dead, 'close'))[0]).toBe(1006);
  await vi.waitFor(() => expect(started.state.open.get('counts')).toBe(0));
});

test('clients see that a silent connection is up, on either transport', async () => {
  // Longer than a busy machine takes from the connection to the subscription.
  const started = await start({ idleSeconds: 4 });
  const socket = open(started);
  await init(socket);
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: watch }));
  const [message] = await once(socket, 'message');
  expect(JSON.parse(String(message))).toEqual({ type: 'ping' });

  // As a browser's EventSource asks: comments would stay hidden from it.
  const url = `${started.graphql}?query=${encodeURIComponent(watch.query)}`;
  const stream = await fetch(url, { headers: { accept: 'text/event-stream' } });
  expect(await textUpTo(stream, 'data: {}\n\n')).toBe(':\n\nevent: ping\ndata: {}\n\n');
  // Other clients see the bytes, and some take an event of another name for a fault.
  const posted = await openEventStreamRaw(started.graphql);
  expect(await textUpTo(posted, ':\n\n:\n\n')).toBe(':\n\n:\n\n');
});

function openEventStreamRaw(url: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify(watch),
  });
}

/** What a response says until it has said that. */
async function textUpTo({ body }: Response, end: string): Promise<string> {
  let text = '';
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.includes(end)) return text;
  }
  return text;
}
