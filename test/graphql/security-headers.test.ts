import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CounterServer, startCounter } from './counter-server.ts';
import { openEventStream } from './event-source.ts';
import { post } from './requests.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(() => server.stop());

const answers: readonly (readonly [string, () => Promise<Headers>])[] = [
  ['an answer', async () => (await post(server.graphql, { query: '{ count }' })).headers],
  ['an error', async () => (await post(server.graphql, { query: '{' })).headers],
  ['a refusal', async () => (await fetch(`${server.url}/nothing`)).headers],
  ['health', async () => (await fetch(`${server.url}/health`)).headers],
  ['GraphiQL', async () => (await fetch(server.graphql, { headers: { accept: 'text/html' } })).headers],
  [
    'an event stream',
    async () => {
      const stream = await openEventStream(server.graphql, { query: 'subscription { silent }' });
      stream.leave();
      return stream.response.headers;
    },
  ],
];

test.each(answers)(
  '%s is not sniffed, framed, referred to or cached, and boasts of nothing',
  async (_, ask) => {
    const headers = await ask();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('cache-control')).toMatch(/no-store|no-cache/);
    expect([headers.get('server'), headers.get('x-powered-by')]).toEqual([null, null]);
  },
);
