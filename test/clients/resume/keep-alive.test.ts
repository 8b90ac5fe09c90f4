import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Product } from '../../../src/app/products/product.ts';
import { shop } from '../../../src/app/shop.ts';
import { eventStream } from '../../../src/client.ts';
import { type Served, serve } from '../../../src/main/serve.ts';
import { masterKeys } from '../../cli/run-livefold.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const query = 'subscription { products { kind upserted { sku } } }';
const json = { 'content-type': 'application/json' };

let created: TestDatabase;
let served: Served;
let url: string;
beforeAll(async () => {
  created = await createTestDatabase(shop.migrations);
  served = await serve(shop, {
    ...{ databaseUrl: created.url, masterKeys, port: 0 },
    // It shows life as often as that.
    limits: { idleSeconds: 1 },
  });
  url = `${served.url}/graphql`;
});
afterAll(async () => {
  await served.stop();
  await created.drop();
});

const comment = ':\n\n';
const ping = 'event: ping\ndata: {}\n\n';
const accept = 'text/event-stream';

/** A reserved stream with a silent subscription on it, opened by that name for it. */
async function openShared(name: (token: string) => readonly [url: string, headers: Record<string, string>]) {
  const token = await (await fetch(url, { method: 'PUT' })).text();
  const opened = await fetch(...asRequest(...name(token)));
  const headers = { ...json, 'x-graphql-event-stream-token': token };
  const body = JSON.stringify({ query, extensions: { operationId: '1' } });
  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(202);
  return opened;
}

function asRequest(at: string, headers: Record<string, string>): [string, RequestInit] {
  return [at, { headers: { accept, ...headers } }];
}

const streams: Readonly<Record<string, readonly [open: () => Promise<Response>, sign: string]>> = {
  'a stream that is read byte by byte': [
    () => fetch(url, { method: 'POST', headers: { accept, ...json }, body: JSON.stringify({ query }) }),
    comment,
  ],
  "a browser's EventSource": [
    () => fetch(...asRequest(`${url}?query=${encodeURIComponent(query)}`, {})),
    ping,
  ],
  'one stream for all that is read byte by byte': [
    () => openShared((token) => [url, { 'x-graphql-event-stream-token': token }]),
    comment,
  ],
  "a browser's EventSource that is one stream for all": [
    () => openShared((token) => [`${url}?token=${token}`, {}]),
    ping,
  ],
};

test.concurrent.each(Object.entries(streams))(
  '%s sees again and again that it is up',
  async (_, [open, sign]) => {
    const { body } = await open();
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of body ?? []) {
      text += decoder.decode(piece, { stream: true });
      // The first comment is the greeting.
      const [, ...seen] = text.split(/^event: next\n.*?\n\n/ms);
      if (seen.join('').split(sign).length > 3) break;
    }
    expect(text).toContain('"kind":"SNAPSHOT"');
  },
);

test('no client takes the sign for a fault, nor the silence for an end: what comes then comes on the same connection', async () => {
  const pings: boolean[] = [];
  const connected: string[] = [];
  const socket = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    on: { ping: (isReceived) => pings.push(isReceived), connected: () => connected.push('graphql-ws') },
  });
  const single = createSseClient({
    url,
    singleConnection: true,
    on: { connected: () => connected.push('graphql-sse, one connection') },
  });
  const distinct = createSseClient({ url, on: { connected: () => connected.push('graphql-sse') } });
  const told = new Map<string, unknown[]>();
  const sinkOf = (name: string) => {
    const results: unknown[] = [];
    told.set(name, results);
    return {
      next: (result: { data?: unknown }) => void results.push(result.data),
      error: (error: unknown) => void results.push(error),
      complete: () => void results.push('complete'),
    };
  };
  const leave = [
    socket.subscribe({ query }, sinkOf('graphql-ws')),
    single.subscribe({ query }, sinkOf('graphql-sse, one connection')),
    distinct.subscribe({ query }, sinkOf('graphql-sse')),
    // It would give a server up that says nothing for that long.
    eventStream({ url, timeout: 4_000 }).subscribe({ query }, sinkOf('livefold/client')),
  ];
  await vi.waitFor(() => expect(pings.length).toBeGreaterThan(4), { timeout: 40_000, interval: 100 });
  expect(pings).toEqual(pings.map(() => true));
  await served.backend.execute(
    Product.commands.add('TEA', { sku: 'TEA', name: 'Tea', price: '1', stock: null }),
  );
  await vi.waitFor(() => {
    for (const [name, results] of told)
      expect(results, name).toMatchObject([
        { products: { kind: 'SNAPSHOT', upserted: [] } },
        { products: { kind: 'DELTA', upserted: [{ sku: 'TEA' }] } },
      ]);
  });
  expect(connected.sort()).toEqual(['graphql-sse', 'graphql-sse, one connection', 'graphql-ws']);
  for (const end of leave) end();
  await socket.dispose();
});
