import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from '../../src/graphql/listen.ts';
import { textFrame } from '../../src/graphql/websocket-frame.ts';

test('a frame of any length is read by a client as the text that it is', async () => {
  const lengths = [1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 200_000];
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const port = await listen(http, '127.0.0.1', 0);
  onTestFinished(() => void http.close());
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  onTestFinished(() => client.terminate());
  const [socket, { socket: line }] = await once(server, 'connection');
  const taken: string[] = [];
  client.on('message', (data, isBinary) => taken.push(`${isBinary} ${data}`));

  const texts = lengths.map((length) => `ä${'x'.repeat(length - 1)}`);
  for (const text of texts) {
    // One of the library's own between two of ours.
    socket.send('between');
    line.write(textFrame(Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))));
  }
  socket.close();
  await once(client, 'close');
  expect(taken).toEqual(texts.flatMap((text) => ['false between', `false ${text}`]));
});
