import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Row } from '../benchmark.ts';
import { startChild } from './child.ts';

type Frame = {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly upserted: readonly { readonly id: string }[];
  readonly live: boolean;
};

/** Changes a second. */
const pace = 1_000;
/** Seconds in which one page of the log comes together. A server keeps the newest four, the last of them as far as it has come. */
const page = 8;
/** Seconds in which a server fills what it keeps of the newest events and changes: from then on it holds the same at each page's end. */
const filling = 5 * page;

/** What a client costs that stops reading for so many seconds or a little more, and whether it has everything in the end. */
export async function stoppedRows(databaseUrl: string, atLeast: number): Promise<Row[]> {
  const seconds = Math.ceil(atLeast / page) * page;
  await using server = await startChild('livefold-server.ts', { DATABASE_URL: databaseUrl });
  const url = `${await server.ask('url')}/graphql`;
  const client = await watchOrders(url);
  const write = (time: number) => server.ask('write', { seconds: time, every: 1_000 / pace, customers: 1 });
  let placed = await write(filling);
  const before = await server.ask('memory');
  client.socket.pause();
  placed += await write(seconds);
  const after = await server.ask('memory');
  const heldThen = client.held.size;
  client.socket.resume();
  while (client.held.size < placed || !client.isLive) {
    if (client.socket.readyState !== WebSocket.OPEN) throw new Error('The server has closed the socket.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  client.socket.terminate();
  const growth = (after - before) / 2 ** 20;
  return [
    {
      name: `memory that a server grows by while a client stops for ${seconds} s, in MB`,
      figure: growth,
      target: 5,
      bound: 'most',
      detail: `${pace.toLocaleString('en')} changes a second asked for; it had ${heldThen.toLocaleString('en')} of ${placed.toLocaleString('en')} orders when it went on, and all of them in the end`,
    },
  ];
}

async function watchOrders(url: string) {
  const socket = new WebSocket(url, 'graphql-transport-ws', { maxPayload: 2 ** 30 });
  const held = new Set<string>();
  const client = { socket, held, isLive: false };
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.on('message', (data) => {
    const { type, payload } = JSON.parse(String(data));
    if (type !== 'next') return;
    const { kind, upserted, live }: Frame = payload.data.orders;
    if (kind === 'SNAPSHOT') held.clear();
    for (const { id } of upserted) held.add(id);
    client.isLive = live;
  });
  const since = new Date().toISOString();
  const query = `subscription { orders(filter: { placedAt: { gte: "${since}" } }) { kind upserted { id status total } removed live } }`;
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  return client;
}
