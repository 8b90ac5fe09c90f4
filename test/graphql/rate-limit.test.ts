import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { unauthenticated } from '../../src/graphql/auth/caller.ts';
import { Sessions } from '../../src/graphql/auth/sessions.ts';
import { RateLimit } from '../../src/graphql/rate-limit.ts';
import { Bell } from '../../src/kernel/async.ts';
import { silentLogger } from '../../src/kernel/log.ts';
import { type CounterServer, startCounter } from './counter-server.ts';
import { openEventStream } from './event-source.ts';
import { onlyError, post, postText } from './requests.ts';
import { type Asked, codesOf, transports } from './transports.ts';

/** 99,752 points: at 20 a second more than an hour's worth. */
const dear = { query: '{ node { children(first: 19000) { name } } }' };
const cheap = { query: '{ count }' };

describe('a server with a rate limit', () => {
  let server: CounterServer;
  beforeEach(async () => {
    server = await startCounter({ limits: { rate: 20 } });
  });
  afterEach(() => server.stop());

  test('refuses who has spent too much, with 429 and when to come back', async () => {
    expect((await post(server.graphql, dear)).body.errors).toBeUndefined();
    const refused = await post(server.graphql, cheap);
    expect(refused.status).toBe(429);
    const { extensions } = onlyError(refused);
    expect(extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
    expect(extensions.retryAfter).toBeGreaterThan(3_600);
    expect(refused.headers.get('retry-after')).toBe(String(extensions.retryAfter));
    expect(refused.body.data).toBeUndefined();
  });

  test('runs no mutation of one who has', async () => {
    await post(server.graphql, dear);
    expect((await post(server.graphql, { query: 'mutation { add(amount: 1) }' })).status).toBe(429);
    expect(server.state.count).toBe(0);
  });

  test('counts all transports together', async () => {
    const options = { webSocketImpl: WebSocket, retryAttempts: 0, lazy: false };
    const client = createClient({ url: server.socket, ...options });
    await client.iterate(dear).next();
    expect((await post(server.graphql, cheap)).status).toBe(429);
    await expect(client.iterate(cheap).next()).rejects.toMatchObject([
      { extensions: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) } },
    ]);
    const { response } = await openEventStream(server.graphql, { query: 'subscription { counts }' });
    expect(response.status).toBe(429);
    expect(await response.text()).toContain('RATE_LIMITED');
    expect(server.state.open.get('counts')).toBeUndefined();
    await client.dispose();
  });

  test('lets nobody connect who has', async () => {
    await post(server.graphql, dear);
    const client = createClient({ url: server.socket, webSocketImpl: WebSocket, retryAttempts: 0 });
    await expect(client.iterate(cheap).next()).rejects.toMatchObject({
      code: 1013,
      reason: expect.stringMatching(/^Too much was asked for: try again in \d+ seconds\.$/),
    });
    await client.dispose();
  });

  test('does not believe what a caller says of its address', async () => {
    await post(server.graphql, dear);
    const elsewhere = await post(server.graphql, cheap, { 'x-forwarded-for': '203.0.113.9' });
    expect(elsewhere.status).toBe(429);
  });
});

describe('behind a proxy', () => {
  let server: CounterServer;
  beforeEach(async () => {
    server = await startCounter({ limits: { rate: 20 }, proxies: 1 });
  });
  afterEach(() => server.stop());

  const from = async (forwarded: string, operation: object): Promise<number> =>
    (await post(server.graphql, operation, { 'x-forwarded-for': forwarded })).status;

  test('each address has a limit of its own', async () => {
    await from('203.0.113.9', dear);
    expect(await from('203.0.113.9', cheap)).toBe(429);
    expect(await from('203.0.113.10', cheap)).toBe(200);
  });

  test('an address that the client puts before that of the proxy counts for nothing', async () => {
    await from('203.0.113.9', dear);
    expect(await from('198.51.100.1, 203.0.113.9', cheap)).toBe(429);
  });

  test('the addresses of one IPv6 network are one caller', async () => {
    await from('2001:db8:0:7::1', dear);
    expect(await from('2001:db8::7:aaaa:bbbb:cccc:dddd', cheap)).toBe(429);
    expect(await from('2001:db8:0:8::1', cheap)).toBe(200);
  });
});

describe('what never becomes an operation', () => {
  let server: CounterServer;
  afterEach(() => server.stop());
  /** At this rate everyone has enough for one arrival at most, and then for none. */
  const startPoor = async (rate = 1): Promise<void> => {
    server = await startCounter({ limits: { rate }, sessions: believingAll() });
  };
  const knock = async (authorization?: string) =>
    (await post(server.graphql, cheap, authorization === undefined ? {} : { authorization })).status;

  const attempts: readonly (readonly [string, Asked, string | undefined])[] = [
    ['does not parse', { query: '{ count ' }, undefined],
    ['does not fit the schema', { query: '{ colour }' }, undefined],
    ['is beyond a limit', { query: '{ node { children(first: 100000) { name } } }' }, undefined],
    ['is of a caller who is not believed', cheap, 'forged'],
  ];

  describe.each(transports)('over %s', (name, ask) => {
    test.each(attempts)('is paid by its address when it %s', async (_, operation, authorization) => {
      // The stream has to be reserved and opened first.
      await startPoor(name === 'a shared event stream' ? 25 : 1);
      const codes = codesOf(await ask(server, operation, authorization));
      expect(codes).toHaveLength(1);
      expect(codes).not.toContain('RATE_LIMITED');
      expect(await knock()).toBe(429);
    });
  });

  test.each(['{', '[{"query":"{ count }"}]', '{"variables":{}}'])('is paid when it is %s', async (body) => {
    await startPoor();
    const json = { 'content-type': 'application/json' };
    expect((await postText(server.graphql, body, json)).status).toBe(400);
    expect(await knock()).toBe(429);
  });

  test.each(['PUT', 'DELETE'])('is paid when it is a %s', async (method) => {
    await startPoor();
    await fetch(server.graphql, { method });
    expect(await knock()).toBe(429);
  });

  test('keeps its address from connecting, too', async () => {
    await startPoor();
    await post(server.graphql, { query: '{' });
    const socket = new WebSocket(server.socket, 'graphql-transport-ws');
    const [, response] = await once(socket, 'unexpected-response');
    expect([response.statusCode, Number(response.headers['retry-after'])]).toEqual([429, expect.any(Number)]);
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(60);
    socket.on('error', () => {}).terminate();
  });

  test('is paid on a WebSocket by who has connected, and by nobody else of the same address', async () => {
    await startPoor(15);
    const connectionParams = { authorization: 'ada' };
    const options = { webSocketImpl: WebSocket, retryAttempts: 0, connectionParams, lazy: false };
    const client = createClient({ url: server.socket, ...options });
    const codes: unknown[] = [];
    for (const _ of Array(5)) {
      const [error] = await client
        .iterate({ query: '{ colour }' })
        .next()
        .then(
          () => [],
          (errors) => errors,
        );
      codes.push(error.extensions.code);
    }
    expect(codes[0]).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(codes.at(-1)).toBe('RATE_LIMITED');
    expect([await knock(), await knock('grace')]).toEqual([200, 200]);
    await client.dispose();
  });

  test('is not what an operation is: that is paid by its caller, and its address pays nothing', async () => {
    await startPoor();
    expect([await knock('ada'), await knock('grace'), await knock()]).toEqual([200, 200, 200]);
    expect(await knock('ada')).toBe(429);
  });

  test('is counted apart: who has a token is served while others of the address spend too much', async () => {
    await startPoor();
    expect((await post(server.graphql, dear)).status).toBe(200);
    expect(await knock('ada')).toBe(200);
  });
});

/** Everybody is who they say, unless they say that they are not. */
function believingAll(): Sessions {
  return new Sessions({
    authenticate: async (subject) => {
      if (subject === 'forged') throw unauthenticated('The token is forged.');
      return { subject, roles: [] };
    },
    rules: { types: new Map(), fields: new Map(), tables: new Map() },
    revocations: { revoke: () => Promise.reject(new Error('Nobody is.')), revokedSince: async () => [] },
    bell: new Bell(),
    clock: () => new Date(),
    logger: silentLogger,
  });
}

describe('what a caller has left', () => {
  let seconds = 0;
  const limit = () => new RateLimit({ perSecond: 10, now: () => seconds * 1_000 });
  const refused = (retryAfter: number) =>
    expect.objectContaining({ code: 'RATE_LIMITED', fields: { retryAfter } });

  test('grows with time, up to ten seconds’ worth', () => {
    const rate = limit();
    rate.spend('ada', 100);
    expect(() => rate.spend('ada', 1)).toThrow(refused(1));
    seconds += 1;
    rate.spend('ada', 50);
    expect(() => rate.spend('ada', 1)).toThrow(refused(4));
    seconds += 1_000;
    rate.spend('ada', 100);
    expect(() => rate.spend('ada', 1)).toThrow(refused(1));
  });

  test('is nobody else’s', () => {
    const rate = limit();
    rate.spend('ada', 1_000);
    expect(() => rate.spend('grace', 1)).not.toThrow();
  });

  test('is remembered of 10,000 callers, those who called last', () => {
    const rate = limit();
    rate.spend('ada', 1_000);
    for (let n = 0; n < 9_999; n += 1) rate.spend(`caller ${n}`, 1);
    expect(() => rate.spend('ada', 1)).toThrow(refused(90));
    for (let n = 0; n < 30_000; n += 1) rate.spend(`stranger ${n}`, 1);
    expect(rate.callers).toBe(10_000);
  });
});
