import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, launchBrowser } from '../examples/browser.ts';
import { type CounterServer, startCounter } from './counter-server.ts';

const friend = 'https://shop.example';
let server: CounterServer;
beforeAll(async () => {
  server = await startCounter({ origins: [friend] });
});
afterAll(() => server.stop());

const json = { 'content-type': 'application/json' };
const stream = { accept: 'text/event-stream' };
const body = JSON.stringify({ query: '{ count }' });
const watch = JSON.stringify({ query: 'subscription { counts }' });

/** What an answer says to browsers about who may read it. */
async function leaveOf(init: RequestInit, path = ''): Promise<Record<string, string | null>> {
  const { headers, body: rest } = await fetch(`${server.graphql}${path}`, init);
  await rest?.cancel();
  const names = ['allow-origin', 'allow-credentials', 'expose-headers', 'allow-methods', 'allow-headers'];
  const said = names.map((name) => [name, headers.get(`access-control-${name}`)] as const);
  return Object.fromEntries([...said, ['vary', headers.get('vary')]]);
}

describe('the pages of an origin that may', () => {
  const reads = {
    'allow-origin': friend,
    'allow-credentials': 'true',
    vary: expect.stringContaining('Origin'),
  };
  test.each<readonly [string, string, RequestInit]>([
    ['a result', '', { method: 'POST', headers: json, body }],
    ['a result in a URL', `?query=${encodeURIComponent('{ count }')}`, {}],
    ['a refusal', '', { method: 'POST', headers: json, body: '{' }],
    [
      'a refusal that comes before GraphQL',
      '',
      { method: 'POST', headers: { 'content-type': 'text/plain' }, body },
    ],
    ['an event stream', '', { method: 'POST', headers: { ...json, ...stream }, body: watch }],
    ['the token of a shared event stream', '', { method: 'PUT' }],
    ['that there is no such stream', '?token=none&operationId=1', { method: 'DELETE' }],
  ])('may read %s', async (_, path, init) => {
    const headers = { ...init.headers, origin: friend };
    const leave = await leaveOf({ ...init, headers }, path);
    expect(leave).toMatchObject(reads);
    expect(leave['expose-headers']).toContain('x-correlation-id');
  });

  test.each(['GET', 'POST', 'PUT', 'DELETE'])('may send a %s, with the token of a stream', async (method) => {
    const asked = 'authorization,content-type,x-graphql-event-stream-token';
    const leave = await leaveOf({
      method: 'OPTIONS',
      headers: {
        origin: friend,
        'access-control-request-method': method,
        'access-control-request-headers': asked,
      },
    });
    expect(leave).toMatchObject({ ...reads, 'allow-headers': asked });
    expect(leave['allow-methods']?.split(', ')).toContain(method);
  });
});

test.each<readonly [string, RequestInit]>([
  ['sends', { method: 'POST', headers: json, body }],
  ['reserves a stream', { method: 'PUT' }],
  ['asks', { method: 'OPTIONS', headers: { 'access-control-request-method': 'PUT' } }],
])('a page of any other origin that %s has leave for nothing', async (_, init) => {
  for (const origin of ['https://evil.example', 'null', `${friend}.evil.example`, 'http://shop.example']) {
    const leave = await leaveOf({ ...init, headers: { ...init.headers, origin } });
    expect(leave).toMatchObject({ 'allow-origin': null, 'allow-methods': null, 'allow-headers': null });
  }
});

test('where no origin may, nothing is said of origins', async () => {
  const own = await startCounter();
  const { headers } = await fetch(own.graphql, {
    method: 'POST',
    headers: { ...json, origin: own.url },
    body,
  });
  expect([headers.get('vary'), headers.get('access-control-allow-origin')]).toEqual([null, null]);
  await own.stop();
});

// Without a browser there is nothing to test: a developer is told, the CI must have one.
const mayRun = hasBrowser || process.env.CI !== undefined;
if (!mayRun) console.warn('SKIPPED: no Chromium. `apt-get install chromium`, or name one in CHROMIUM.');

test.runIf(mayRun)(
  'a browser lets the page of an origin that may use each kind of connection, and another page none',
  async () => {
    const pages = createServer((_, response) => response.end('<!doctype html>')).listen(0, '127.0.0.1');
    await once(pages, 'listening');
    const { port } = pages.address() as AddressInfo;
    const lets = await startCounter({ origins: [`http://127.0.0.1:${port}`] });
    await using browser = await launchBrowser();
    const page = await browser.newPage();
    // The same program, but for the browser another origin.
    for (const [host, outcome] of [
      ['127.0.0.1', { result: 0, told: 0, distinct: 'text/event-stream; charset=utf-8', ended: 200 }],
      ['localhost', { failed: 'TypeError' }],
    ] as const) {
      await page.goto(`http://${host}:${port}/`);
      expect(await page.evaluate(useAll, lets.graphql)).toEqual(outcome);
    }
    await page.close();
    await lets.stop();
    pages.close();
  },
  60_000,
);

/** Runs in the browser: an operation by itself, one on a stream of its own, one on a shared stream, which is ended. */
async function useAll(url: string) {
  const headers = { 'content-type': 'application/json' };
  const query = '{ count }';
  try {
    const whole = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    const { data } = await whole.json();
    const events = await fetch(url, {
      method: 'POST',
      headers: { ...headers, accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { counts }' }),
    });
    await events.body?.cancel();
    const token = await (await fetch(url, { method: 'PUT' })).text();
    const named = { ...headers, 'x-graphql-event-stream-token': token };
    const shared = await fetch(url, { headers: { ...named, accept: 'text/event-stream' } });
    const body = JSON.stringify({ query, extensions: { operationId: '1' } });
    await fetch(url, { method: 'POST', headers: named, body });
    const ended = await fetch(`${url}?operationId=1`, { method: 'DELETE', headers: named });
    const reader = shared.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('event: complete')) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();
    const told = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? 'null');
    return {
      result: data.count,
      told: told.payload.data.count,
      distinct: events.headers.get('content-type'),
      ended: ended.status,
    };
  } catch (error) {
    return { failed: (error as Error).name };
  }
}
