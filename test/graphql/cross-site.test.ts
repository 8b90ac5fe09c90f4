import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CounterServer, startCounter } from './counter-server.ts';

const friend = 'https://shop.example';
let server: CounterServer;
beforeAll(async () => {
  server = await startCounter({ origins: [friend] });
});
afterAll(() => server.stop());
beforeEach(() => {
  server.state.contexts.length = 0;
});

const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const evil = { origin: 'https://evil.example' };
const read = `?query=${encodeURIComponent('{ count }')}`;
const write = JSON.stringify({ query: 'mutation { add(amount: 1) }' });

/** Not `fetch`: it keeps what only browsers may say for itself. */
function send(method: string, path: string, headers: Record<string, string>, body = ''): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = request(`${server.graphql}${path}`, { method, headers }, (response) => {
    resolve(response.statusCode ?? 0);
    response.destroy();
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

describe('a page of another origin', () => {
  test.each([
    ['reads with a URL', 'GET', read, evil, '', 403],
    [
      'reads with an image',
      'GET',
      read,
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' },
      '',
      403,
    ],
    [
      'reads in a frame',
      'GET',
      read,
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' },
      '',
      403,
    ],
    [
      'opens an event stream',
      'GET',
      `?query=${encodeURIComponent('subscription { counts }')}`,
      { ...evil, accept: 'text/event-stream' },
      '',
      403,
    ],
    ['posts JSON', 'POST', '', { ...evil, ...json }, write, 403],
    ['posts plain text', 'POST', '', { ...evil, 'content-type': 'text/plain' }, write, 403],
    ['posts a form', 'POST', '', { ...evil, ...form }, 'query=mutation%20%7Badd(amount%3A1)%7D', 403],
    ['comes from nowhere', 'POST', '', { origin: 'null', ...json }, write, 403],
    [
      'has the server’s name in its own',
      'POST',
      '',
      { origin: 'http://127.0.0.1.evil.example', ...json },
      write,
      403,
    ],
  ])('%s: nothing runs', async (_, method, path, headers, body, status) => {
    expect(await send(method, path, headers, body)).toBe(status);
    expect(server.state.contexts).toEqual([]);
    expect(server.state.count).toBe(0);
  });
});

test('where a browser does not say from where, a form or a text is refused by its type', async () => {
  expect(await send('POST', '', form, 'query=mutation%20%7Badd(amount%3A1)%7D')).toBe(415);
  expect(await send('POST', '', { 'content-type': 'text/plain' }, write)).toBe(415);
  expect(server.state.count).toBe(0);
});

test.each([
  ['the server’s own page', () => ({ origin: server.url })],
  ['a page that may', () => ({ origin: friend })],
  ['a program', () => ({})],
])('%s is answered', async (_, headers) => {
  expect(await send('GET', read, headers())).toBe(200);
});

test('a link from elsewhere leads to GraphiQL', async () => {
  const headers = { accept: 'text/html', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' };
  expect(await send('GET', '', headers)).toBe(200);
});
