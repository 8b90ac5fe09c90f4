import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type CounterServer, startCounter } from './counter-server.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(() => server.stop());

/** A socket that says what it is told, and keeps what it hears. */
class Speaker {
  readonly heard: Record<string, unknown>[] = [];
  readonly #socket: WebSocket;

  constructor(protocol?: string) {
    this.#socket = new WebSocket(server.socket, protocol === undefined ? [] : protocol);
    this.#socket.on('message', (message) => this.heard.push(JSON.parse(String(message))));
  }

  static async open({ isAcknowledged = true } = {}): Promise<Speaker> {
    const speaker = new Speaker('graphql-transport-ws');
    await once(speaker.#socket, 'open');
    if (isAcknowledged) await speaker.ask({ type: 'connection_init' });
    return speaker;
  }

  say(message: unknown): void {
    this.#socket.send(
      typeof message === 'string' || message instanceof Buffer ? message : JSON.stringify(message),
    );
  }

  /** What is answered first. */
  async ask(message: unknown): Promise<unknown> {
    const answered = once(this.#socket, 'message');
    this.say(message);
    const [answer] = await answered;
    return JSON.parse(String(answer));
  }

  /** How the server closes the socket. */
  async closed(): Promise<number> {
    const [code] = await once(this.#socket, 'close');
    return code;
  }

  leave(): void {
    this.#socket.terminate();
  }
}

const subscribe = (id: string, query = 'subscription { silent }') => ({
  ...{ id, type: 'subscribe' },
  payload: { query },
});

describe('the graphql-transport-ws protocol', () => {
  test.each([
    ['no JSON', 'subscribe'],
    ['JSON that is no object', '[]'],
    ['a batch', JSON.stringify([subscribe('1'), subscribe('2')])],
    ['no type', { id: '1' }],
    ['an unknown type', { type: 'steal' }],
    ['the type of the older protocol', { id: '1', type: 'start', payload: { query: '{ count }' } }],
    ['a subscribe without id', { type: 'subscribe', payload: { query: '{ count }' } }],
    ['an empty id', subscribe('')],
    ['an id that is no text', { ...subscribe('1'), id: 1 }],
    ['a subscribe without payload', { id: '1', type: 'subscribe' }],
    ['a query that is no text', { id: '1', type: 'subscribe', payload: { query: 1 } }],
    [
      'variables that are no object',
      { id: '1', type: 'subscribe', payload: { query: '{ count }', variables: 1 } },
    ],
    [
      'an operationName that is no text',
      { id: '1', type: 'subscribe', payload: { query: '{ count }', operationName: 1 } },
    ],
    ['bytes that are no text', Buffer.from([0xff, 0xfe])],
  ])('%s closes the socket with 4400', async (_, message) => {
    const speaker = await Speaker.open();
    const closed = speaker.closed();
    speaker.say(message);
    expect(await closed).toBe(4400);
  });

  // graphql-ws takes it for a fault of its own.
  test('a message that only servers send closes it with 4500', async () => {
    const speaker = await Speaker.open();
    const closed = speaker.closed();
    speaker.say({ id: '1', type: 'next', payload: {} });
    expect(await closed).toBe(4500);
  });

  test.each([['a text'], [1], [[]]])('an init whose payload is %j closes it with 4400', async (payload) => {
    const speaker = await Speaker.open({ isAcknowledged: false });
    const closed = speaker.closed();
    speaker.say({ type: 'connection_init', payload });
    expect(await closed).toBe(4400);
  });

  test('a second init closes it with 4429', async () => {
    const speaker = await Speaker.open();
    const closed = speaker.closed();
    speaker.say({ type: 'connection_init' });
    expect(await closed).toBe(4429);
  });

  test('no init in time closes it with 4408', async () => {
    const speaker = await Speaker.open({ isAcknowledged: false });
    expect(await speaker.closed()).toBe(4408);
  });

  test('subscribing before the init closes it with 4401', async () => {
    const speaker = await Speaker.open({ isAcknowledged: false });
    const closed = speaker.closed();
    speaker.say(subscribe('1'));
    expect(await closed).toBe(4401);
  });

  test('an id that is open closes it with 4409, and ends what was open', async () => {
    const speaker = await Speaker.open();
    speaker.say(subscribe('1'));
    const closed = speaker.closed();
    speaker.say(subscribe('1'));
    expect(await closed).toBe(4409);
  });

  test('an id can be used again once it is complete', async () => {
    const speaker = await Speaker.open();
    expect(await speaker.ask(subscribe('1', '{ count }'))).toMatchObject({ id: '1', type: 'next' });
    await expect.poll(() => speaker.heard.at(-1)).toEqual({ id: '1', type: 'complete' });
    expect(await speaker.ask(subscribe('1', '{ count }'))).toMatchObject({ id: '1', type: 'next' });
    speaker.leave();
  });

  test('completing what is not open does nothing', async () => {
    const speaker = await Speaker.open();
    speaker.say({ id: 'other', type: 'complete' });
    expect(await speaker.ask(subscribe('1', '{ count }'))).toMatchObject({ id: '1', type: 'next' });
    speaker.leave();
  });

  test('a ping is answered with its payload, before the init too', async () => {
    const speaker = await Speaker.open({ isAcknowledged: false });
    expect(await speaker.ask({ type: 'ping', payload: { n: 1 } })).toEqual({
      type: 'pong',
      payload: { n: 1 },
    });
    expect(await speaker.ask({ type: 'connection_init' })).toEqual({ type: 'connection_ack' });
    expect(await speaker.ask({ type: 'ping' })).toEqual({ type: 'pong' });
    speaker.leave();
  });

  test('a pong that nobody asked for does nothing', async () => {
    const speaker = await Speaker.open();
    speaker.say({ type: 'pong' });
    expect(await speaker.ask({ type: 'ping' })).toEqual({ type: 'pong' });
    speaker.leave();
  });

  test('a message beyond the limit closes it with 1009', async () => {
    const speaker = await Speaker.open();
    const closed = speaker.closed();
    speaker.say(subscribe('1', `{ count } #${'x'.repeat(1_048_576)}`));
    expect(await closed).toBe(1009);
  });

  test.each(['graphql-ws', undefined])('the subprotocol %s is not spoken: 4406', async (protocol) => {
    const speaker = new Speaker(protocol);
    // ws refuses a handshake that chose none of its protocols by itself.
    const code = await speaker.closed().catch((error: unknown) => String(error));
    expect(code).toEqual(protocol === undefined ? 4406 : expect.stringContaining('subprotocol'));
  });
});
