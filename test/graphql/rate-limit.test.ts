import { createClient } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { RateLimit } from '../../src/graphql/rate-limit.ts';
import { type CounterServer, startCounter } from './counter-server.ts';
import { openEventStream } from './event-source.ts';
import { onlyError, post } from './requests.ts';

/** 5,252 points: at a point a second more than an hour's worth. */
const dear = { query: '{ node { children(first: 1000) { name } } }' };
const cheap = { query: '{ count }' };

describe('a server with a rate limit', () => {
  let server: CounterServer;
  beforeEach(async () => {
    server = await startCounter({ limits: { rate: 1 } });
  });
  afterEach(() => server.stop());

  test('refuses who has spent too much, with 429 and when to come back', async () => {
    expect((await post(server.graphql, dear)).body.errors).toBeUndefined();
    const refused = await post(server.graphql, cheap);
    expect(refused.status).toBe(429);
    const { extensions } = onlyError(refused);
    expect(extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
    expect(extensions.retryAfter).toBeGreaterThan(5_000);
    expect(refused.headers.get('retry-after')).toBe(String(extensions.retryAfter));
    expect(refused.body.data).toBeUndefined();
  });

  test('runs no mutation of one who has', async () => {
    await post(server.graphql, dear);
    expect((await post(server.graphql, { query: 'mutation { add(amount: 1) }' })).status).toBe(429);
    expect(server.state.count).toBe(0);
  });

  test('counts all transports together', async () => {
    const client = createClient({ url: server.socket, webSocketImpl: WebSocket, retryAttempts: 0 });
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

  test('does not believe what a caller says of its address', async () => {
    await post(server.graphql, dear);
    const elsewhere = await post(server.graphql, cheap, { 'x-forwarded-for': '203.0.113.9' });
    expect(elsewhere.status).toBe(429);
  });
});

describe('behind a proxy', () => {
  let server: CounterServer;
  beforeEach(async () => {
    server = await startCounter({ limits: { rate: 1 }, proxies: 1 });
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
