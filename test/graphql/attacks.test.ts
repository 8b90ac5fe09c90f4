import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type CounterServer, startCounter } from './counter-server.ts';
import { post, postText } from './requests.ts';
import { type Asked, codesOf, transports } from './transports.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter({ introspection: false });
});
afterAll(async () => {
  // Whatever was tried: it goes on, nothing ran, and nothing went wrong inside.
  expect((await post(server.graphql, { query: '{ count }' })).body).toEqual({ data: { count: 0 } });
  const faults = server.log.filter(({ level, facts }) => level === 'error' && facts.path !== 'throws');
  expect(faults).toEqual([]);
  await server.stop();
});

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const lines = 'query ($lines: [Line!]!) { total(lines: $lines) }';
/** With keys that every object has by itself, as JSON may have them. */
const prototypes = JSON.parse(
  '{"__proto__": {"lines": []}, "constructor": {"lines": []}, "lines": [{"__proto__": {"sku": "a"}, "quantity": 1}]}',
);

const attacks: readonly (readonly [string, Asked, readonly unknown[]])[] = [
  [
    'fragments that spread each other',
    {
      query: '{ node { ...A } } fragment A on Node { child { ...B } } fragment B on Node { child { ...A } }',
    },
    ['GRAPHQL_VALIDATION_FAILED'],
  ],
  [
    'a fragment that spreads itself',
    { query: '{ ...A } fragment A on Query { count ...A }' },
    ['GRAPHQL_VALIDATION_FAILED'],
  ],
  [
    'introspection',
    { query: '{ __schema { types { name } } }' },
    ['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_VALIDATION_FAILED'],
  ],
  [
    'introspection in a fragment, under an alias',
    { query: '{ ...F } fragment F on Query { ... { harmless: __type(name: "Node") { name } } }' },
    ['GRAPHQL_VALIDATION_FAILED'],
  ],
  [
    'keys that every object has',
    { query: lines, variables: prototypes },
    ['BAD_USER_INPUT', 'BAD_USER_INPUT'],
  ],
  [
    'a variable that every object has',
    { query: 'query ($constructor: String!) { echo(text: $constructor) }', variables: {} },
    ['BAD_USER_INPUT'],
  ],
  [
    'a number that is none',
    { query: 'query ($n: Int!) { strict(number: $n) }', variables: { n: '1e400' } },
    ['BAD_USER_INPUT'],
  ],
  [
    'a number that is too large',
    { query: 'query ($n: Int!) { strict(number: $n) }', variables: { n: 2 ** 40 } },
    ['BAD_USER_INPUT'],
  ],
  [
    'a subscription of nothing',
    { query: 'subscription { counts @skip(if: true) }' },
    ['GRAPHQL_VALIDATION_FAILED'],
  ],
  [
    'a subscription of nothing, in a fragment',
    {
      query:
        'subscription ($no: Boolean!) { ...F } fragment F on Subscription { ... @include(if: $no) { counts } }',
      variables: { no: false },
    },
    ['BAD_USER_INPUT'],
  ],
  [
    'a subscription of two fields',
    { query: 'subscription { counts silent }' },
    ['GRAPHQL_VALIDATION_FAILED'],
  ],
  ['results in parts', { query: '{ ... @defer { count } }' }, ['GRAPHQL_VALIDATION_FAILED']],
];

describe.each(transports)('over %s', (_, ask) => {
  test.each(attacks)('%s: refused', async (_name, operation, codes) => {
    const answer = await ask(server, operation);
    expect(codesOf(answer)).toEqual(codes);
    expect(answer.data ?? null).toBeNull();
  });

  test.each([
    '{ coutn }',
    '{ echo(txt: "a") }',
    '{ node { ... on Nod { name } } }',
    'query ($lines: [Lime!]!) { total(lines: $lines) }',
    '{ total(lines: [{ skuu: "a" }]) }',
    '{ count @inclde(if: true) }',
  ])('what was meant by %s is not said', async (query) => {
    const { errors } = await ask(server, { query });
    expect(errors?.length).toBeGreaterThan(0);
    expect(JSON.stringify(errors)).not.toMatch(/did you mean/i);
  });

  test('text with a NUL is text', async () => {
    const asked = { query: 'query ($text: String!) { echo(text: $text) }', variables: { text: 'a\u0000b' } };
    expect(await ask(server, asked)).toEqual({ data: { echo: 'a\u0000b' } });
  });

  test('an error of a resolver says nothing of the inside', async () => {
    const answer = await ask(server, { query: '{ throws(code: "INSIDE") }' });
    expect(codesOf(answer)).toEqual(['INTERNAL']);
    expect(JSON.stringify(answer)).not.toMatch(/hunter2|secret|node_modules|at .*\.ts:/);
  });
});

const json = { 'content-type': 'application/json' };
/** Deeper than a call stack. */
const deep = `{"query":${JSON.stringify(lines)},"variables":{"lines":${nested(200_000)}}}`;

describe('a body', () => {
  test.each([
    ['of many operations', '[{"query":"{ count }"},{"query":"{ count }"}]', 400],
    ['that is no UTF-8', '{"query":"{ echo(text: \\"\xff\xfe\\") }"', 400],
    ['whose key is __proto__', '{"__proto__":{"query":"{ count }"}}', 400],
  ])('%s is refused', async (_, body, status) => {
    expect((await postText(server.graphql, body, json)).status).toBe(status);
  });

  test('that is nested deeper than a call stack is answered', async () => {
    const reply = await postText(server.graphql, deep, json);
    expect(codesOf(reply.body)).toEqual(['LIMIT_EXCEEDED']);
  });

  test.each(['gzip', 'deflate', 'br', 'zstd', 'identity, gzip'])(
    'packed as %s is not unpacked',
    async (coding) => {
      const headers = { ...json, 'content-encoding': coding };
      expect((await postText(server.graphql, '{"query":"{ count }"}', headers)).status).toBe(415);
    },
  );

  test('without an end is not read to its end', async () => {
    const socket = connect(server.port, '127.0.0.1')
      .setEncoding('utf8')
      .on('error', () => {});
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    const closed = once(socket, 'close');
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    while (!socket.destroyed && answer === '') {
      socket.write(chunk);
      await new Promise(setImmediate);
    }
    socket.end();
    await closed;
    expect(answer).toContain(' 413 ');
  });
});

describe('a WebSocket', () => {
  async function open(): Promise<WebSocket> {
    const socket = new WebSocket(server.socket, 'graphql-transport-ws');
    await once(socket, 'open');
    return socket;
  }
  const subscribe = (id: string, payload: object): string =>
    JSON.stringify({ id, type: 'subscribe', payload });

  test.each([
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 1007],
    ['no JSON', Buffer.from('{'), 4400],
    ['a list', Buffer.from('[]'), 4400],
    ['a message of a type that every object has', Buffer.from('{"type":"constructor"}'), 4400],
    ['a query that is no text', Buffer.from('{"id":"1","type":"subscribe","payload":{"query":{}}}'), 4400],
    ['an operation before it was let in', Buffer.from(subscribe('1', { query: '{ count }' })), 4401],
    ['a message of two megabytes', Buffer.alloc(2_000_000, 0x20), 1009],
  ])('that sends %s is closed', async (_, message, code) => {
    const socket = await open();
    socket.send(message, { binary: false });
    expect((await once(socket, 'close'))[0]).toBe(code);
  });

  test('that sends values nested deeper than a call stack is answered', async () => {
    const socket = await open();
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    socket.send(`{"id":"1","type":"subscribe","payload":${deep}}`);
    const [message] = await once(socket, 'message');
    expect(JSON.parse(String(message))).toMatchObject({
      payload: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: 'values' } }],
    });
    socket.terminate();
  });

  test('may call an operation what every object has', async () => {
    const socket = await open();
    const told: unknown[] = [];
    socket.on('message', (message) => told.push(JSON.parse(String(message)).id));
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    const ids = ['__proto__', 'constructor'];
    for (const id of ids) socket.send(subscribe(id, { query: '{ count }' }));
    await vi.waitFor(() => expect(told).toHaveLength(5));
    expect(told.slice(1).toSorted()).toEqual([...ids, ...ids].toSorted());
    socket.terminate();
  });

  test('that sends a message in 20,000 pieces is closed', async () => {
    const socket = await open();
    for (let n = 0; n < 20_000; n += 1) socket.send(' ', { fin: false });
    expect((await once(socket, 'close'))[0]).toBe(1008);
  });

  test('that sends pings without end, and reads nothing, is not answered without end', async () => {
    const socket = await upgraded();
    const pings = Buffer.concat(Array.from({ length: 5_000 }, () => frame(0x89, 'x'.repeat(125))));
    let sent = 0;
    // What fits into the buffers of two sockets is a few megabytes.
    while (sent < 64 * 2 ** 20 && (socket.write(pings) || (await drained(socket)))) sent += pings.length;
    socket.destroy();
    expect(sent).toBeLessThan(32 * 2 ** 20);
  });

  /** A raw connection that never reads. */
  async function upgraded(): Promise<Socket> {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {});
    socket.write(
      'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    );
    await once(socket, 'data');
    socket.write(frame(0x81, '{"type":"connection_init"}'));
    await once(socket, 'data');
    return socket.pause();
  }
});

/** A frame as clients send it, masked with zeros. */
function frame(head: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([head, 0x80 + text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** Whether the other side has taken what was written, or at least goes on. */
async function drained(socket: Socket): Promise<boolean> {
  for (let still = 0, left = socket.writableLength; still < 10; still += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (!socket.writableNeedDrain) return true;
    if (socket.writableLength < left) still = 0;
    left = socket.writableLength;
  }
  return false;
}
