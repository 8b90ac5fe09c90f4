import { request } from 'node:http';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CounterServer, startCounter } from './counter-server.ts';
import { openEventStream } from './event-source.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(() => server.stop());

const watch = { query: 'subscription ($after: Int) { counts(after: $after) }' };
const isOver = (field: string) => vi.waitFor(() => expect(server.state.open.get(field)).toBe(0));

test('each result is an event whose id is its position', async () => {
  const start = server.state.additions.length;
  const stream = await openEventStream(server.graphql, { ...watch, variables: { after: start } });
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  server.state.add(5);
  server.state.add(6);
  const [first, second] = [await stream.next(), await stream.next()];
  expect(first).toMatchObject({ event: 'next', id: String(start + 1) });
  expect(JSON.parse(first?.data ?? '')).toEqual({
    data: { counts: 5 },
    extensions: { position: String(start + 1) },
  });
  expect(second?.id).toBe(String(start + 2));
  stream.leave();
  await isOver('counts');
});

test('Last-Event-ID resumes behind a position, over GET too, as EventSource asks', async () => {
  while (server.state.additions.length < 4) server.state.add(1);
  const url = `${server.graphql}?query=${encodeURIComponent('subscription { counts }')}`;
  const headers = { accept: 'text/event-stream', 'last-event-id': '2' };
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request(url, { headers }, (response) => {
      let seen = '';
      response.on('data', (chunk: Buffer) => {
        seen += String(chunk);
        if (!seen.includes('id: 4\n')) return;
        resolve(seen);
        sent.destroy();
      });
      response.on('error', () => {});
    });
    sent.on('error', reject).end();
  });
  expect(text.match(/^id: \d+$/gm)).toEqual(['id: 3', 'id: 4']);
  await isOver('counts');
});

test.each(['abc', '-1', '1.5', '9'.repeat(40)])('Last-Event-ID %j is refused', async (id) => {
  const stream = await openEventStream(server.graphql, watch, { 'last-event-id': id });
  const event = await stream.next();
  expect(JSON.parse(event?.data ?? '')).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['Last-Event-ID'] }] } }],
  });
  expect(await stream.next()).toEqual({ event: 'complete', data: '' });
});

test('a client that leaves ends a subscription that has not started yet', async () => {
  const leaving = new AbortController();
  const url = `${server.graphql}?query=${encodeURIComponent('subscription { starting }')}`;
  const answer = fetch(url, { headers: { accept: 'text/event-stream' }, signal: leaving.signal });
  await vi.waitFor(() => expect(server.state.open.get('starting')).toBe(1));
  leaving.abort();
  await expect(answer).rejects.toThrow();
  await isOver('starting');
});

test.each(['silent', 'deaf', 'counts'])(
  'a client that leaves ends the source "%s" while it waits',
  async (field) => {
    const stream = await openEventStream(server.graphql, { query: `subscription { ${field} }` });
    await vi.waitFor(() => expect(server.state.open.get(field)).toBe(1));
    stream.leave();
    await isOver(field);
  },
);

test('a client that does not read is not read for: the source waits', async () => {
  server.state.pulled = 0;
  const response = await fetch(server.graphql, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'subscription { flood }' }),
  });
  const stalledAt = await whenStill(() => server.state.pulled);
  // What fits into the buffers of two sockets, at 64 KiB a piece.
  expect(stalledAt).toBeGreaterThan(0);
  expect(stalledAt).toBeLessThan(400);
  await response.body?.cancel();
  await isOver('flood');
});

test('a source that fails ends the stream with its error, masked', async () => {
  const stream = await openEventStream(server.graphql, { query: 'subscription { failing }' });
  expect(JSON.parse((await stream.next())?.data ?? '')).toEqual({ data: { failing: 1 } });
  const last = JSON.parse((await stream.next())?.data ?? '');
  expect(last).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL' } }] });
  const id = stream.response.headers.get('x-correlation-id');
  expect(last.errors[0].extensions.correlationId).toBe(id);
  expect(server.log.find(({ facts }) => facts.correlationId === id)?.level).toBe('error');
  expect(await stream.next()).toEqual({ event: 'complete', data: '' });
  expect(await stream.next()).toBeUndefined();
});

test('an invalid subscription is told so in one event', async () => {
  const stream = await openEventStream(server.graphql, { query: 'subscription { nothing }' });
  expect(JSON.parse((await stream.next())?.data ?? '')).toMatchObject({
    errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
  });
  expect((await stream.next())?.event).toBe('complete');
});

/** The value once it has stopped to change: equal over many turns of the event loop. */
async function whenStill(read: () => number): Promise<number> {
  let value = read();
  for (let still = 0; still < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    still = read() === value ? still + 1 : 0;
    value = read();
  }
  return value;
}
