import type { ServerResponse } from 'node:http';
import { expect, test, vi } from 'vitest';
import { eventStream } from '../../src/client.ts';
import { isLivefoldError } from '../../src/kernel/errors.ts';
import { reply, startScriptedServer } from '../consumption/remote/scripted-server.ts';
import { Taken } from './scripted-transport.ts';

const head = { 'content-type': 'text/event-stream; charset=utf-8' };
const next = (data: unknown): string => `event: next\nid: 4\ndata: ${JSON.stringify(data)}\n\n`;

async function take(answer: (response: ServerResponse) => void, timeout = 30_000): Promise<Taken> {
  await using server = await startScriptedServer(() => {});
  server.subscribe = answer;
  const taken = new Taken();
  eventStream({ url: server.url, timeout }).subscribe({ query: 'subscription { head }' }, taken);
  await vi.waitFor(() => expect(taken.errors.length + taken.completions).toBe(1));
  return taken;
}

test('results come as they are sent, until the server says that it is complete', async () => {
  const taken = await take((response) => {
    response.writeHead(200, head).write(`:\n\n${next({ data: { head: '4' } })}`);
    response.end(`${next({ data: { head: 'ü' } })}event: complete\ndata:\n\n`);
  });
  expect(taken.results).toEqual([{ data: { head: '4' } }, { data: { head: 'ü' } }]);
  expect(taken).toMatchObject({ errors: [], completions: 1 });
});

test('a stream that ends in the middle of an event is broken, and the half event is not given', async () => {
  const taken = await take((response) =>
    response.writeHead(200, head).end(`${next({ data: { head: '4' } })}event: next\ndata: {"data":`),
  );
  expect(taken.results).toEqual([{ data: { head: '4' } }]);
  expect(isLivefoldError(taken.errors[0], 'EVENT_STREAM_BROKEN')).toBe(true);
});

test('a server that shows no life is left', async () => {
  const taken = await take((response) => response.writeHead(200, head).write(':\n\n'), 50);
  expect(isLivefoldError(taken.errors[0], 'EVENT_STREAM_BROKEN')).toBe(true);
});

test('the errors of GraphQL are given as they are, another answer with its status', async () => {
  const errors = [{ message: 'No.', extensions: { code: 'BAD_USER_INPUT' } }];
  expect((await take((response) => reply(response, { errors }, 400))).errors).toEqual([errors]);
  const gateway = await take((response) => response.writeHead(502).end('Bad gateway'));
  expect(gateway.errors).toMatchObject([{ code: 'EVENT_STREAM_REFUSED', fields: { status: 502 } }]);
});

test('headers may be made anew for each connection', async () => {
  await using server = await startScriptedServer(() => {});
  const seen: unknown[] = [];
  server.subscribe = (response) => {
    seen.push(response.req.headers.authorization);
    response.writeHead(200, head).end('event: complete\ndata:\n\n');
  };
  const tokens = ['Bearer 1', 'Bearer 2'];
  const headers = async () => ({ authorization: tokens.shift() ?? '' });
  const transport = eventStream({ url: server.url, headers });
  for (const count of [1, 2]) {
    const taken = new Taken();
    transport.subscribe({ query: 'subscription { head }' }, taken);
    await vi.waitFor(() => expect(taken.completions).toBe(1));
    expect(seen).toHaveLength(count);
  }
  expect(seen).toEqual(['Bearer 1', 'Bearer 2']);
});

test('who leaves closes the connection and hears nothing more', async () => {
  await using server = await startScriptedServer(() => {});
  const closed = Promise.withResolvers<void>();
  server.subscribe = (response) => {
    response.once('close', () => closed.resolve());
    response.writeHead(200, head).write(next({ data: { head: '4' } }));
  };
  const taken = new Taken();
  const leave = eventStream({ url: server.url }).subscribe({ query: 'subscription { head }' }, taken);
  await vi.waitFor(() => expect(taken.results).toHaveLength(1));
  leave();
  await closed.promise;
  expect(taken).toMatchObject({ errors: [], completions: 0 });
});
