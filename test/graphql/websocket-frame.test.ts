import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from '../../src/graphql/listen.ts';
import { mostUnsent } from '../../src/graphql/outlet.ts';
import { WebSocketConnection } from '../../src/graphql/websocket-connection.ts';
import { textFrame } from '../../src/graphql/websocket-frame.ts';
import { sleep } from '../../src/kernel/async.ts';
import { silentLogger } from '../../src/kernel/log.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** An open socket, at both of its ends. */
async function connect() {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const port = await listen(http, '127.0.0.1', 0);
  onTestFinished(() => void http.close());
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  onTestFinished(() => client.terminate());
  const [connected] = await Promise.all([once(server, 'connection'), once(client, 'open')]);
  const [socket, request] = connected as [WebSocket, IncomingMessage];
  return { client, socket, request };
}

test('a frame of any length is read by a client as the text that it is', async () => {
  const lengths = [1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 200_000];
  const { client, socket, request } = await connect();
  const taken: string[] = [];
  client.on('message', (data, isBinary) => taken.push(`${isBinary} ${data}`));

  const texts = lengths.map((length) => `ä${'x'.repeat(length - 1)}`);
  for (const text of texts) {
    // One of the library's own between two of ours.
    socket.send('between');
    request.socket.write(textFrame(Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))));
  }
  socket.close();
  await once(client, 'close');
  expect(taken).toEqual(texts.flatMap((text) => ['false between', `false ${text}`]));
});

test('frames that wait for a client keep their own bytes alive, and nothing of what was made beside them', async () => {
  const { client, socket, request } = await connect();
  const connection = new WebSocketConnection(socket, request, {
    ...{ logger: silentLogger, address: 'here', admit: () => {} },
  });
  const start = Buffer.from('{"id":"1",');
  const sent: string[] = [];
  const taken: string[] = [];
  const push = (text: string): void => {
    sent.push(`${start}${text}`);
    connection.push(textFrame(start, Buffer.from(text)));
  };
  client.on('message', (data) => taken.push(String(data)));
  client.pause();
  // Fill what the system keeps for the two sockets, until it takes no more.
  while (socket.bufferedAmount === 0) {
    while (socket.bufferedAmount === 0) push('x'.repeat(60_000));
    await sleep(200);
  }
  const before = heldBytes();
  const small = 'x'.repeat(300);
  while (connection.isFree) {
    push(small);
    // As much is made beside each frame, and let go of at once, as answers and statements are.
    for (let n = 0; n < 40; n += 1) Buffer.allocUnsafe(1_000);
  }
  // What is free is swept in the background.
  await vi.waitFor(() => expect(heldBytes() - before).toBeLessThan(2 * 2 ** 20), 10_000);
  expect(socket.bufferedAmount).toBeGreaterThan(mostUnsent);
  client.resume();
  await connection.whenFree();
  client.close();
  await once(client, 'close');
  expect(taken.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
  expect(taken.every((text, n) => text === sent[n])).toBe(true);
});
