import { createClient } from 'graphql-ws';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { serve } from '../../src/main/serve.ts';
import { counted } from '../consumption/counters.ts';
import { createTalliesDatabase, tallies, talliesBackend, tally } from '../consumption/tallies.ts';
import { post } from './requests.ts';

const fields = `{ name position head lag rate status lastError owner { id name }
  shards { shard position lag status lastError owner { name } } }`;
const owner = { id: expect.any(String), name: expect.stringMatching(/:\d+$/) };

test('the projections say how far they are and who works on them, shard by shard', async () => {
  await using created = await createTalliesDatabase();
  await using served = await serve(talliesBackend(tallies(2)), { databaseUrl: created.url, port: 0 });
  const { store, projections } = served.backend;
  const { position } = await store.append({ events: [counted('a', 'b')] });
  await Promise.all([...projections.values()].map((one) => one.waitFor(position, { timeout: 30_000 })));
  const place = { position: '1', lag: 0, status: 'LIVE', lastError: null };
  const shard = (index: number) => ({ ...place, shard: index, owner: { name: owner.name } });
  await vi.waitFor(async () => {
    const { body } = await post(`${served.url}/graphql`, { query: `{ projections ${fields} }` });
    const common = { ...place, head: '1', owner, rate: expect.any(Number) };
    const one = (name: string) => ({ ...common, name, shards: [shard(0)] });
    expect(body.data?.projections).toEqual([
      ...['first', 'second', 'third'].map(one),
      { ...common, name: 'many', shards: [shard(0), shard(1)] },
    ]);
  }, 30_000);
});

test('who subscribes gets the projections at once, and again when something about them has changed', async () => {
  await using created = await createTalliesDatabase();
  await using served = await serve(talliesBackend([tally('first')]), { databaseUrl: created.url, port: 0 });
  // Else the first frame is from before.
  await vi.waitFor(() => expect(served.backend.projections.get('first')?.status).toBe('LIVE'), 30_000);
  const client = createClient({
    url: `${served.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  await vi.waitFor(() => expect(served.backend.projections.get('first')?.status).toBe('LIVE'), 30_000);
  const query = 'subscription { projections { name position status rate } }';
  const frames = client.iterate<{ projections: readonly { readonly position: string }[] }>({ query });
  const next = async () => (await frames.next()).value?.data?.projections;
  expect(await next()).toEqual([{ name: 'first', position: '0', status: 'LIVE', rate: 0 }]);
  await served.backend.store.append({ events: [counted('a')] });
  const [changed] = (await next()) ?? [];
  expect(changed).toMatchObject({ position: '1' });
  await client.dispose();
});

test('all who watch the projections share one execution and one serialisation of each change', async () => {
  await using created = await createTalliesDatabase();
  await using served = await serve(talliesBackend([tally('first')]), { databaseUrl: created.url, port: 0 });
  await vi.waitFor(() => expect(served.backend.projections.get('first')?.status).toBe('LIVE'), 30_000);
  const url = `${served.url.replace('http', 'ws')}/graphql`;
  await using closing = new AsyncDisposableStack();
  const watching = Array.from({ length: 20 }, () => {
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
    closing.defer(() => client.dispose());
    return client.iterate<{ projections: readonly unknown[] }>({
      query: 'subscription { projections { position } }',
    });
  });
  for (const frames of watching) await frames.next();
  const written = vi.spyOn(JSON, 'stringify');
  await served.backend.store.append({ events: [counted('a')] });
  for (const frames of watching)
    expect((await frames.next()).value?.data?.projections).toEqual([{ position: '1' }]);
  const results = written.mock.calls.filter(([value]) => Object(Object(value).data).projections);
  written.mockRestore();
  expect(results.length).toBe(1);
});
