import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CounterServer, startCounter } from '../graphql/counter-server.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter({ limits: { operationsPerSocket: 2 } });
});
afterAll(() => server.stop());

const isOver = (field: string) => vi.waitFor(() => expect(server.state.open.get(field)).toBe(0));
const isOpen = (field: string) => vi.waitFor(() => expect(server.state.open.get(field)).toBe(1));

describe.each([
  ['one connection for all operations', true],
  ['a connection for each operation', false],
])('graphql-sse with %s', (_, singleConnection) => {
  const connect = () => createClient({ url: server.graphql, singleConnection, retryAttempts: 0 });

  test('gets the results of subscriptions as they come', async () => {
    const client = connect();
    const start = server.state.additions.length;
    const results = client.iterate({ query: `subscription { counts(after: ${start}) }` });
    const next = results.next();
    server.state.add(1);
    expect(await next).toMatchObject({
      value: { data: { counts: expect.any(Number) }, extensions: { position: String(start + 1) } },
    });
    server.state.add(1);
    expect(await results.next()).toMatchObject({ value: { extensions: { position: String(start + 2) } } });
    await results.return?.();
    await isOver('counts');
    client.dispose();
  });

  test('is told of a source that fails, and that it is complete', async () => {
    const client = connect();
    const results = await Array.fromAsync(client.iterate({ query: 'subscription { failing }' }));
    expect(results).toMatchObject([
      { data: { failing: 1 } },
      { errors: [{ extensions: { code: 'INTERNAL' } }] },
    ]);
    client.dispose();
  });

  test('is told at once of an operation that does not fit', async () => {
    const client = connect();
    const results = Array.fromAsync(client.iterate({ query: 'subscription { nothing }' }));
    const outcome = await results.catch((error: unknown) => error);
    expect(JSON.stringify(outcome) + String(outcome)).toMatch(/400|GRAPHQL_VALIDATION_FAILED/);
    client.dispose();
  });

  test('leaves, and everything of it ends', async () => {
    const client = connect();
    const results = client.iterate({ query: 'subscription { silent }' });
    const next = results.next();
    await isOpen('silent');
    client.dispose();
    await next.catch(() => {});
    await isOver('silent');
  });
});

describe('one connection', () => {
  const json = { 'content-type': 'application/json' };
  const reserve = async () => (await fetch(server.graphql, { method: 'PUT' })).text();
  const named = (token: string) => ({ 'x-graphql-event-stream-token': token });
  const send = (token: string, query: string, operationId?: string) =>
    fetch(server.graphql, {
      ...{ method: 'POST', headers: { ...json, ...named(token) } },
      body: JSON.stringify({ query, extensions: { operationId } }),
    });

  test('carries queries and mutations too, among subscriptions', async () => {
    const client = createClient({ url: server.graphql, singleConnection: true, retryAttempts: 0 });
    const watching = client.iterate({ query: 'subscription { counts }' });
    const change = watching.next();
    await isOpen('counts');
    const added = client.iterate({ query: 'mutation { add(amount: 1) }' });
    expect(await added.next()).toMatchObject({ value: { data: { add: expect.any(Number) } } });
    expect(await added.next()).toMatchObject({ done: true });
    expect(await change).toMatchObject({ value: { data: { counts: server.state.count } } });
    client.dispose();
    await isOver('counts');
  });

  test('is reserved, opened once, and ends with its client', async () => {
    const token = await reserve();
    const leaving = new AbortController();
    const open = () => fetch(`${server.graphql}?token=${token}`, { signal: leaving.signal });
    expect((await open()).headers.get('content-type')).toContain('text/event-stream');
    expect((await open()).status).toBe(409);
    expect((await send(token, 'subscription { silent }', 'a')).status).toBe(202);
    await isOpen('silent');
    leaving.abort();
    await isOver('silent');
    await vi.waitFor(async () => expect((await send(token, '{ count }', 'b')).status).toBe(404));
  });

  test('one address reserves so many and no more, and what it opens it may reserve again', async () => {
    const own = await startCounter();
    const put = () => fetch(own.graphql, { method: 'PUT' });
    const reserved = await Promise.all(Array.from({ length: 101 }, put));
    expect(reserved.map(({ status }) => status).toSorted()).toEqual([...Array(100).fill(201), 503]);
    const token = await reserved.find(({ status }) => status === 201)?.text();
    const leaving = new AbortController();
    await fetch(own.graphql, { headers: named(token ?? ''), signal: leaving.signal });
    expect([(await put()).status, (await put()).status]).toEqual([201, 503]);
    leaving.abort();
    await own.stop();
  });

  test('a DELETE ends one operation', async () => {
    const token = await reserve();
    const leaving = new AbortController();
    await fetch(server.graphql, { headers: named(token), signal: leaving.signal });
    await send(token, 'subscription { silent }', 'a');
    await isOpen('silent');
    const url = `${server.graphql}?operationId=a`;
    expect((await fetch(url, { method: 'DELETE', headers: named(token) })).status).toBe(200);
    await isOver('silent');
    leaving.abort();
  });

  test.each([
    ['a token that nobody was given', 'guessed', 'a', 404],
    ['no operationId', undefined, undefined, 400],
    ['an operationId that is in use', undefined, 'used', 409],
    ['more operations than allowed', undefined, 'third', 400],
  ])('%s is refused', async (_, guessed, operationId, status) => {
    const token = await reserve();
    await send(token, 'subscription { silent }', 'used');
    if (operationId === 'third') await send(token, 'subscription { silent }', 'second');
    const before = server.state.count;
    const refused = await send(guessed ?? token, 'mutation { add(amount: 1) }', operationId);
    expect(refused.status).toBe(status);
    expect(server.state.count).toBe(before);
    const leaving = new AbortController();
    await fetch(server.graphql, { headers: named(token), signal: leaving.signal });
    leaving.abort();
    await isOver('silent');
  });
});
