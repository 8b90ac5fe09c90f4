import { createClient } from 'graphql-ws';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { processManager } from '../../src/consumption/process-manager.ts';
import { serve } from '../../src/main/serve.ts';
import {
  counted,
  countersBackend,
  countersProjection,
  createCountersDatabase,
} from '../consumption/counters.ts';
import { moody } from '../consumption/moods.ts';
import { doorEvents, Knocked, knock } from '../consumption/processes/doors.ts';
import { createTestDatabase } from '../support/database.ts';
import { post } from './requests.ts';

/** Counters that are served, `a` and `b` of them parked at the first event. */
async function serveParked() {
  const { bad, onFold } = moody();
  for (const one of ['1 a', '1 b']) bad.add(one);
  const created = await createCountersDatabase();
  const counters = countersProjection({ onFold });
  const served = await serve(countersBackend(counters), { databaseUrl: created.url, port: 0 });
  const { store, projections } = served.backend;
  const append = async (...names: readonly string[]): Promise<void> => {
    const { position } = await store.append({ events: [counted(...names)] });
    await projections.get('counters')?.waitFor(position, { timeout: 30_000 });
  };
  const ask = async (query: string) => (await post(`${served.url}/graphql`, { query })).body;
  return {
    ...{ bad, served, append, ask },
    async [Symbol.asyncDispose]() {
      await served.stop();
      await created.drop();
    },
  };
}

test('parked keys are listed with their events and errors, and freed by a mutation that waits for it', async () => {
  await using opened = await serveParked();
  const { bad, append, ask } = opened;
  await append('a', 'b', 'c');
  await append('a');
  const fields = 'key position type error failures waiting parkedAt nextTry';
  const listed = await ask(`{ projections { name status parked { count keys(first: 1) { ${fields} } } } }`);
  expect(listed.data?.projections).toEqual([
    {
      ...{ name: 'counters', status: 'LIVE' },
      parked: {
        count: 2,
        keys: [
          {
            ...{ key: 'a', position: '1', type: 'Counted', waiting: 1 },
            error: expect.stringMatching(/^HANDLER_FAILED: .* RangeError \(moods\.ts/),
            failures: expect.any(Number),
            parkedAt: expect.stringMatching(/^\d{4}-.*Z$/),
            nextTry: expect.toSatisfy((value) => value === null || /^\d{4}-.*Z$/.test(value)),
          },
        ],
      },
    },
  ]);
  const payload = '{ asked done left keys { key } }';
  bad.delete('1 a');
  expect(await ask(`mutation { retryParked(projection: "counters", key: "a") ${payload} }`)).toEqual({
    data: { retryParked: { asked: 1, done: true, left: 0, keys: [] } },
  });
  expect(await ask(`mutation { retryParked(projection: "counters") ${payload} }`)).toEqual({
    data: { retryParked: { asked: 1, done: true, left: 1, keys: [{ key: 'b' }] } },
  });
  expect(await ask(`mutation { skipParked(projection: "counters", key: "b") ${payload} }`)).toEqual({
    data: { skipParked: { asked: 1, done: true, left: 0, keys: [] } },
  });
  expect(await ask(`mutation { skipParked(projection: "counters", key: "b") ${payload} }`)).toEqual({
    data: { skipParked: { asked: 0, done: true, left: 0, keys: [] } },
  });
});

test('a projection that is none is the client’s mistake', async () => {
  await using opened = await serveParked();
  const { errors } = await opened.ask(`mutation { retryParked(projection: "nothing") { asked } }`);
  expect(errors).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['projection'] }] } },
  ]);
});

test('what a process manager keeps back is listed, retried and skipped as a projection is', async () => {
  const bad = new Set(['ada', 'bob']);
  const porter = processManager<string>('porter').on(
    Knocked,
    ({ data }) => data.guest,
    (_, { data: { guest } }) => {
      if (bad.has(guest)) throw new RangeError('no');
      return { state: 'in' };
    },
  );
  await using created = await createTestDatabase();
  const definition = { name: 'house', typeDefs: [], resolvers: {}, events: doorEvents, projections: [] };
  const served = await serve(
    { ...definition, processManagers: [porter] },
    { databaseUrl: created.url, port: 0 },
  );
  const ask = async (query: string) => (await post(`${served.url}/graphql`, { query })).body;
  for (const guest of ['ada', 'bob', 'cleo', 'ada']) await served.backend.execute(knock(guest));
  const list = '{ processManagers { name parked { count keys { key position type waiting } } } }';
  const keys = [
    { key: 'ada', position: '1', type: 'Knocked', waiting: 1 },
    { key: 'bob', position: '2', type: 'Knocked', waiting: 0 },
  ];
  await vi.waitFor(
    async () =>
      expect((await ask(list)).data).toEqual({
        processManagers: [{ name: 'process:porter', parked: { count: 2, keys } }],
      }),
    20_000,
  );
  const payload = '{ asked done left keys { key } }';
  expect(await ask(`mutation { skipParked(projection: "process:porter", key: "bob") ${payload} }`)).toEqual({
    data: { skipParked: { asked: 1, done: true, left: 0, keys: [] } },
  });
  bad.clear();
  // By itself it may have been tried again, and have gone on, a moment before.
  const retry = `mutation { retryParked(projection: "process:porter") ${payload} }`;
  expect(await ask(retry)).toEqual({
    data: { retryParked: { asked: expect.any(Number), done: true, left: 0, keys: [] } },
  });
  expect((await ask(list)).data?.processManagers).toEqual([
    { name: 'process:porter', parked: { count: 0, keys: [] } },
  ]);
  expect((await ask('mutation { retryParked(projection: "porter") { asked } }')).errors).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT' } },
  ]);
  await served.stop();
});

test('who watches the projections hears of keys that are parked and freed', async () => {
  await using opened = await serveParked();
  const { served, append, bad } = opened;
  const client = createClient({
    url: `${served.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  const counts: number[] = [];
  type Frame = { readonly projections: readonly { readonly parked: { readonly count: number } }[] };
  const frames = client.iterate<Frame>({ query: 'subscription { projections { parked { count } } }' });
  const watching = (async () => {
    for await (const { data } of frames) counts.push(data?.projections[0]?.parked.count ?? -1);
  })();
  await vi.waitFor(() => expect(counts.at(-1)).toBe(0), 20_000);
  await append('a', 'b');
  await vi.waitFor(() => expect(counts.at(-1)).toBe(2), 20_000);
  bad.clear();
  await vi.waitFor(() => expect(counts.at(-1)).toBe(0), 20_000);
  await client.dispose();
  await watching;
});
