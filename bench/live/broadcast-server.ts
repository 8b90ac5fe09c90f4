/** The most that a server can send: one message, made once, to every socket. It knows of the protocol what clients need to begin. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { listen } from '../../src/graphql/listen.ts';
import { createId } from '../../src/kernel/ids.ts';
import { answerParent, heldMemory } from './child.ts';
import type { Writing } from './orders-backend.ts';

const http = createServer();
const server = new WebSocketServer({ server: http, path: '/graphql' });
let position = 0;

function message(placedAt: Date): Buffer {
  position += 1;
  const order = { id: createId(), status: 'PLACED', total: '9.90', placedAt: placedAt.toISOString() };
  const orders = { kind: 'DELTA', position: `${position}`, upserted: [order], removed: [], live: true };
  const payload = { data: { orders }, extensions: { position: `${position}` } };
  return Buffer.from(JSON.stringify({ id: createId(), type: 'next', payload }));
}

server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const isInit = String(data).includes('connection_init');
    socket.send(isInit ? '{"type":"connection_ack"}' : message(new Date()), { binary: false });
  });
});
const port = await listen(http, '127.0.0.1', 0);

answerParent({
  url: () => `ws://127.0.0.1:${port}`,
  memory: heldMemory,
  async write({ seconds, every = 10 }: Writing) {
    const end = performance.now() + seconds * 1_000;
    let sent = 0;
    for (let due = performance.now(); performance.now() < end; ) {
      for (; due <= performance.now() && performance.now() < end; due += every) {
        // Made when it was due: one that falls behind has old news to tell.
        const data = message(new Date(Date.now() - (performance.now() - due)));
        for (const socket of server.clients) socket.send(data, { binary: false });
        sent += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    }
    return sent;
  },
});
