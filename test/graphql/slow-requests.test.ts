import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CounterServer, startCounter } from './counter-server.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter({ limits: { requestTime: 300 } });
});
afterAll(() => server.stop());

/** All that the server says until it closes the connection. */
async function answerTo(text: string): Promise<string> {
  const socket: Socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

const head = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

test.each([
  ['headers never end', head],
  ['body never ends', `${head}Content-Length: 100\r\n\r\n{`],
])('a request whose %s is closed', async (_, text) => {
  expect(await answerTo(text)).toContain(' 408 ');
});

test.each([
  ['so many headers', `${head}${'a: 1\r\n'.repeat(5_000)}\r\n`],
  ['a header so long', `${head}a: ${'x'.repeat(20_000)}\r\n\r\n`],
])('%s are too many', async (_, text) => {
  expect(await answerTo(text)).toContain(' 431 ');
});

test('two lengths for one body are no request', async () => {
  const smuggled = `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
  expect(await answerTo(smuggled)).toContain(' 400 ');
});
