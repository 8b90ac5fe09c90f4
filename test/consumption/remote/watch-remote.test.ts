import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { EventLog } from '../../../src/consumption/event-log.ts';
import { follow } from '../../../src/consumption/follow.ts';
import { openRemoteLog } from '../../../src/consumption/remote/remote-log.ts';
import { pageOf, reply, startScriptedServer } from './scripted-server.ts';

const frame = 'event: next\ndata: {"data":{"notifications":{"position":"1"}}}\n\n';
const open = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream' });

describe('a subscription is made again', () => {
  test.each([
    [
      'when the server ends it',
      (response: ServerResponse) => open(response).end('event: complete\ndata:\n\n'),
    ],
    [
      'when the connection breaks',
      (response: ServerResponse) => open(response).write(':\n\n', () => response.destroy()),
    ],
    ['when the server is silent', (response: ServerResponse) => open(response).write(':\n\n')],
    ['when it is refused', (response: ServerResponse) => reply(response, { errors: [{}] }, 401)],
    [
      'when frames have errors',
      (response: ServerResponse) => open(response).write('event: next\ndata: {"errors":[{}]}\n\n'),
    ],
    [
      'when frames are no JSON',
      (response: ServerResponse) => open(response).write('event: next\ndata: {\n\n'),
    ],
    [
      'when a frame does not end',
      (response: ServerResponse) => open(response).write(`data: ${'x'.repeat(2 ** 21)}`),
    ],
  ])('%s', async (why, fail) => {
    await using server = await startScriptedServer(() => {});
    let again: ServerResponse | undefined;
    server.subscribe = (response) => {
      fail(response);
      server.subscribe = (next) => {
        again = open(next);
      };
    };
    await using remote = openRemoteLog({ url: server.url, timeout: why.includes('silent') ? 300 : 30_000 });
    const ring = (): number => {
      again?.write(frame);
      return remote.bell.rings;
    };
    // To be connected rings as well, some times; what is more than that are frames.
    await expect.poll(ring, { timeout: 10_000 }).toBeGreaterThan(10);
  });
});

test('without a subscription, whoever follows looks by itself', async () => {
  let events = 0;
  await using server = await startScriptedServer((response, { variables }) =>
    reply(response, pageOf(events, variables ?? { after: '0', first: 1 })),
  );
  server.subscribe = (response) => reply(response, {}, 404);
  await using remote = openRemoteLog({ url: server.url });
  const log = new EventLog(remote, { bell: remote.bell });
  const { signal } = new AbortController();
  const pages = follow(log, { signal, timeout: 20 });
  const next = pages.next();
  await expect.poll(() => server.asked.length, { timeout: 10_000 }).toBeGreaterThan(2);
  events = 2;
  expect((await next).value).toMatchObject({ position: 2 });
  await pages.return(undefined);
});
