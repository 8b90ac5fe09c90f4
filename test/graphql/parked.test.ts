import { createClient } from 'graphql-ws';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { serve } from '../../src/main/serve.ts';
import {
  counted,
  countersBackend,
  countersProjection,
  createCountersDatabase,
} from '../consumption/counters.ts';
import { moody } from '../consumption/moods.ts';
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
