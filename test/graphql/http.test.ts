import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CounterServer, startCounter } from './counter-server.ts';
import { onlyError, post, postText } from './requests.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(() => server.stop());

const json = { 'content-type': 'application/json' };

describe('GraphQL over HTTP', () => {
  for (const audit of serverAudits({ url: () => server.graphql, fetchFn: fetch })) {
    test(`${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn();
      expect(result.status === 'ok' ? 'ok' : result.reason).toBe('ok');
    });
  }

  test('a query can be sent in the URL, a mutation cannot', async () => {
    const url = (query: string) => `${server.graphql}?query=${encodeURIComponent(query)}`;
    expect(await (await fetch(url('{ echo(text: "hi") }'))).json()).toEqual({ data: { echo: 'hi' } });

    const refused = await fetch(url('mutation { add(amount: 1) }'));
    expect(refused.status).toBe(405);
    expect(server.state.count).toBe(0);
  });

  test('the caller and a correlation id reach the context', async () => {
    const headers = { authorization: 'Bearer me', 'x-correlation-id': 'my-trace.1' };
    const reply = await post(server.graphql, { query: '{ caller }' }, headers);
    expect(reply.body).toEqual({ data: { caller: 'Bearer me' } });
    expect(reply.headers.get('x-correlation-id')).toBe('my-trace.1');
    expect(server.state.contexts.at(-1)).toMatchObject({ correlationId: 'my-trace.1', resumeAfter: null });
  });

  test.each(['two words', 'x'.repeat(129), 'a\tb'])('the correlation id %j is replaced', async (given) => {
    const reply = await post(server.graphql, { query: '{ count }' }, { 'x-correlation-id': given });
    expect(reply.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('bad requests', () => {
  test.each([
    ['malformed JSON', '{"query": ', json, 400, 'BAD_REQUEST'],
    ['an empty body', '', json, 400, 'BAD_REQUEST'],
    ['a JSON text', '"{ count }"', json, 400, 'BAD_REQUEST'],
    ['a batch', '[{"query":"{ count }"}]', json, 400, 'BAD_REQUEST'],
    ['no query', '{"variables":{}}', json, 400, 'BAD_REQUEST'],
    ['an unknown parameter', '{"query":"{ count }","id":1}', json, 400, 'BAD_REQUEST'],
    ['variables as a list', '{"query":"{ count }","variables":[1]}', json, 400, 'BAD_REQUEST'],
    [
      'a body beyond the limit',
      JSON.stringify({ query: `#${'x'.repeat(1_048_576)}` }),
      json,
      413,
      'REQUEST_ENTITY_TOO_LARGE',
    ],
    ['plain text', '{"query":"{ count }"}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a form',
      'query=%7Bcount%7D',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a type that only begins like JSON',
      '{"query":"{ count }"}',
      { 'content-type': 'application/jsonx' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'an Accept that nothing fits',
      '{"query":"{ count }"}',
      { ...json, accept: 'image/png' },
      406,
      'NOT_ACCEPTABLE',
    ],
    [
      'a subscription as JSON',
      '{"query":"subscription { silent }"}',
      { ...json, accept: 'application/json' },
      406,
      'NOT_ACCEPTABLE',
    ],
  ])('%s is refused', async (_, body, headers, status, code) => {
    const reply = await postText(server.graphql, body, headers);
    expect(reply.status).toBe(status);
    expect(onlyError(reply).extensions.code).toBe(code);
    expect(server.state.open.get('silent') ?? 0).toBe(0);
  });

  test('a body of unknown length is measured as it comes', async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 1;
        if (sent > 40) controller.close();
        else controller.enqueue(Buffer.alloc(65_536, ' '));
      },
    });
    const options = { method: 'POST', body, headers: json, duplex: 'half' } as const;
    const response = await fetch(server.graphql, options);
    expect(response.status).toBe(413);
    await response.body?.cancel();
    // The connection is not used again with half a body in it.
    expect(response.headers.get('connection')).toBe('close');
  });

  test('a compressed body is refused, whatever comes out of it', async () => {
    const { gzipSync } = await import('node:zlib');
    const body = gzipSync(`{"query":"{ count }","variables":${' '.repeat(50_000_000)}{}}`);
    expect(body.length).toBeLessThan(100_000);
    const headers = { ...json, 'content-encoding': 'gzip' };
    const response = await fetch(server.graphql, { method: 'POST', body, headers });
    expect(response.status).toBe(415);
  });

  test('a form with parts is refused', async () => {
    const form = new FormData();
    form.set('operations', '{"query":"mutation { add(amount: 1) }"}');
    const response = await fetch(server.graphql, { method: 'POST', body: form });
    expect(response.status).toBe(415);
    expect(server.state.count).toBe(0);
  });

  test('variables in the URL that are no JSON are refused', async () => {
    const response = await fetch(`${server.graphql}?query={count}&variables={`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  test('a Host that is none is refused', async () => {
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      const sent = request(
        server.graphql,
        { headers: { host: 'a b', accept: 'application/json' } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sent.on('error', reject).end();
    });
    expect(status).toBe(400);
  });

  test('other paths are not found, and the root leads to GraphQL', async () => {
    const missing = await fetch(`${server.url}/nothing`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    const root = await fetch(server.url, { redirect: 'manual' });
    expect([root.status, root.headers.get('location')]).toEqual([302, '/graphql']);
  });

  test('a foreign page gets no permission to call', async () => {
    const origin = 'https://evil.example';
    const preflight = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    const response = await fetch(server.graphql, { method: 'OPTIONS', headers: preflight });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('a page of a configured origin does', async () => {
    const origin = 'https://shop.example';
    const open = await startCounter({ origins: [origin] });
    const preflight = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    const response = await fetch(open.graphql, { method: 'OPTIONS', headers: preflight });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    await open.stop();
  });
});
