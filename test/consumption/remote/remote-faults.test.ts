import { describe, expect, test } from 'vitest';
import { EventLog } from '../../../src/consumption/event-log.ts';
import { follow } from '../../../src/consumption/follow.ts';
import { openRemoteLog } from '../../../src/consumption/remote/remote-log.ts';
import { everything } from '../../../src/domain/query.ts';
import { nodeAt, pageOf, reply, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

const aPage = { after: '0', first: 1_000 };
const pageWith = (...nodes: readonly unknown[]) => ({
  data: { notificationLog: { pageInfo: { hasNextPage: false }, nodes } },
});
const failure = (code: string) => ({ errors: [{ message: 'Said by the server.', extensions: { code } }] });
const cutOff = JSON.stringify(pageOf(3, aPage)).slice(0, 200);

type Case = {
  readonly what: string;
  readonly answer: ScriptedServer['answer'];
  readonly code: string;
  readonly says: RegExp;
};
const cases: readonly Case[] = [
  { what: 'a page of HTML', answer: (r) => r.end('<h1>It works!</h1>'), code: 'INVALID', says: /no GraphQL/ },
  { what: 'nothing', answer: (r) => r.end(), code: 'INVALID', says: /no GraphQL/ },
  { what: 'a JSON text', answer: (r) => reply(r, 'hello'), code: 'INVALID', says: /no GraphQL/ },
  { what: 'no data', answer: (r) => reply(r, { data: null }), code: 'INVALID', says: /no page/ },
  { what: 'another schema', answer: (r) => reply(r, { data: { a: 1 } }), code: 'INVALID', says: /no page/ },
  {
    what: 'a hole',
    answer: (r) => reply(r, pageWith(nodeAt(1), nodeAt(3))),
    code: 'INVALID',
    says: /event 3 behind 1/,
  },
  {
    what: 'an event twice',
    answer: (r) => reply(r, pageWith(nodeAt(1), nodeAt(1))),
    code: 'INVALID',
    says: /event 1 behind 1/,
  },
  {
    what: 'more than was asked for',
    answer: (r) => reply(r, pageOf(1_001, { after: '0', first: 1_001 })),
    code: 'INVALID',
    says: /1001 events for 1000/,
  },
  {
    what: 'more to come, and nothing',
    answer: (r) => reply(r, { data: { notificationLog: { pageInfo: { hasNextPage: true }, nodes: [] } } }),
    code: 'INVALID',
    says: /sends nothing/,
  },
  {
    what: 'status 401',
    answer: (r) => reply(r, failure('UNAUTHENTICATED'), 401),
    code: 'REFUSED',
    says: /UNAUTHENTICATED: Said by the server/,
  },
  {
    what: 'FORBIDDEN with status 200',
    answer: (r) => reply(r, failure('FORBIDDEN')),
    code: 'REFUSED',
    says: /FORBIDDEN/,
  },
  { what: 'status 404', answer: (r) => r.writeHead(404).end('?'), code: 'REFUSED', says: /status 404/ },
  {
    what: 'a new address',
    answer: (r) => r.writeHead(308, { location: 'http://elsewhere.test/' }).end(),
    code: 'REFUSED',
    says: /moved to http:\/\/elsewhere/,
  },
  { what: 'status 500', answer: (r) => reply(r, failure('X'), 500), code: 'UNAVAILABLE', says: /X/ },
  { what: 'status 502', answer: (r) => r.writeHead(502).end('Bad'), code: 'UNAVAILABLE', says: /502/ },
  { what: 'status 429', answer: (r) => r.writeHead(429).end(), code: 'UNAVAILABLE', says: /429/ },
  {
    what: 'an inner error',
    answer: (r) => reply(r, failure('INTERNAL')),
    code: 'UNAVAILABLE',
    says: /INTERNAL/,
  },
  { what: 'silence', answer: () => {}, code: 'UNAVAILABLE', says: /within 300 ms/ },
  {
    what: 'a body that does not end',
    answer: (r) => r.write('{'),
    code: 'UNAVAILABLE',
    says: /within 300 ms/,
  },
  { what: 'a closed connection', answer: (r) => r.destroy(), code: 'UNAVAILABLE', says: /cannot be reached/ },
  {
    what: 'half a page',
    answer: (r) => r.writeHead(200, { 'content-length': 5_000 }).write(cutOff, () => r.destroy()),
    code: 'UNAVAILABLE',
    says: /broke off/,
  },
];

describe('a remote that gives', () => {
  test.each(cases)('$what: $code, and once it is well, all events', async ({ answer, code, says }) => {
    await using server = await startScriptedServer(answer);
    await using remote = openRemoteLog({ url: server.url, timeout: 300 });
    const log = new EventLog(remote, { bell: remote.bell });
    await expect(log.read(0)).rejects.toMatchObject({
      code: `REMOTE_LOG_${code}`,
      message: expect.stringMatching(says),
      fields: { url: server.url },
    });
    server.answer = (response, { variables = aPage }) => reply(response, pageOf(3, variables));
    const [page] = await Array.fromAsync(firstOf(follow(log, { signal: new AbortController().signal })));
    expect(page?.events.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });
});

async function* firstOf<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  for await (const item of items) return yield item;
}

describe('a notification is refused', () => {
  const wrong: readonly Record<string, unknown>[] = [
    ...[{ position: 1 }, { position: '1.5' }, { position: '99999999999999999' }, { id: '' }, { id: 7 }],
    ...[{ stream: null }, { version: 0 }, { version: '1' }, { type: undefined }, { schemaVersion: 1.5 }],
    ...[{ encoded: undefined }, { tags: 'a' }, { tags: [1] }, { correlationId: 1 }, { causationId: {} }],
    ...[{ actor: undefined }, { tenant: 5 }, { metadata: [] }, { metadata: 'x' }, { occurredAt: 'now' }],
    ...[{ recordedAt: null }],
  ];
  test.each(wrong)('with %o', async (part) => {
    await using server = await startScriptedServer((r) => reply(r, pageWith({ ...nodeAt(1), ...part })));
    await using remote = openRemoteLog({ url: server.url });
    await expect(Array.fromAsync(remote.read(everything))).rejects.toMatchObject({
      code: 'REMOTE_LOG_INVALID',
      message: expect.stringContaining(`\`${Object.keys(part)[0]}\``),
    });
  });

  test.each([null, 1, 'x', []])('when it is %o', async (node) => {
    await using server = await startScriptedServer((r) => reply(r, pageWith(node)));
    await using remote = openRemoteLog({ url: server.url });
    await expect(Array.fromAsync(remote.read(everything))).rejects.toMatchObject({
      code: 'REMOTE_LOG_INVALID',
    });
  });
});

test('a head that is none is refused', async () => {
  await using server = await startScriptedServer((response) => reply(response, { data: { head: 'x' } }));
  await using remote = openRemoteLog({ url: server.url });
  await expect(remote.head()).rejects.toMatchObject({ code: 'REMOTE_LOG_INVALID' });
});

test('a page that fails is asked for smaller, until it comes; larger ones are tried ever less often', async () => {
  await using server = await startScriptedServer((response, { variables = aPage }) =>
    variables.first > 100 ? response.writeHead(500).end() : reply(response, pageOf(5_000, variables)),
  );
  await using remote = openRemoteLog({ url: server.url });
  for (let failures = 0; failures < 4; failures += 1)
    await expect(Array.fromAsync(remote.read(everything))).rejects.toMatchObject({
      code: 'REMOTE_LOG_UNAVAILABLE',
    });
  const events = await Array.fromAsync(remote.read(everything));
  expect(events.map(({ position }) => position)).toEqual(Array.from({ length: 5_000 }, (_, n) => n + 1));
  const sizes = server.asked.map(({ variables }) => variables?.first ?? 0);
  expect(sizes.slice(0, 7)).toEqual([1_000, 500, 250, 125, 62, 124, 62]);
  expect(sizes.slice(4).filter((size) => size > 100).length).toBeLessThan(8);
});

test('after an outage pages are soon as large as before', async () => {
  let isDown = true;
  await using server = await startScriptedServer((response, { variables = aPage }) =>
    isDown ? response.destroy() : reply(response, pageOf(9_000, variables)),
  );
  await using remote = openRemoteLog({ url: server.url });
  for (let failures = 0; failures < 12; failures += 1)
    await expect(Array.fromAsync(remote.read(everything))).rejects.toThrow('cannot be reached');
  isDown = false;
  expect(await Array.fromAsync(remote.read(everything))).toHaveLength(9_000);
  expect(server.asked.slice(12).map(({ variables }) => variables?.first)).toEqual([
    ...[1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    ...Array(8).fill(1_000),
  ]);
});

test('an answer that is too large is not taken in', async () => {
  await using server = await startScriptedServer((response) => {
    const megabyte = 'x'.repeat(1_048_576);
    response.writeHead(200);
    const write = (): void => void (response.destroyed || response.write(megabyte, write));
    write();
  });
  await using remote = openRemoteLog({ url: server.url });
  await expect(remote.head()).rejects.toMatchObject({
    code: 'REMOTE_LOG_UNAVAILABLE',
    message: expect.stringMatching(/more than \d+ bytes/),
  });
});

test('headers are asked for each time: a token that was renewed is sent', async () => {
  let token = 'old';
  await using server = await startScriptedServer((response, { headers }) =>
    headers.authorization === 'new'
      ? reply(response, { data: { head: '3' } })
      : reply(response, failure('UNAUTHENTICATED'), 401),
  );
  await using remote = openRemoteLog({ url: server.url, headers: async () => ({ authorization: token }) });
  await expect(remote.head()).rejects.toMatchObject({ fields: { code: 'UNAUTHENTICATED', status: 401 } });
  token = 'new';
  expect(await remote.head()).toBe(3);
});

test.each(['', 'shop.example', 'ws://shop.example/graphql', 'http://me:secret@shop.example/graphql'])(
  'the address "%s" is refused, and not repeated',
  (url) => {
    expect(() => openRemoteLog({ url })).toThrow(
      expect.objectContaining({
        code: 'REMOTE_LOG_URL_INVALID',
        message: expect.not.stringMatching(/secret/),
      }),
    );
  },
);
