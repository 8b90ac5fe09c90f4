import { PostgresJsSession } from 'drizzle-orm/postgres-js';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { ListedProjection } from '../../src/graphql/listed-projection.ts';
import { sleep } from '../../src/kernel/async.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import { Purse, type PurseRow, purses } from '../consumption/purses.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestFolder, type TestFolder } from '../support/test-folder.ts';

/** How often a field of what is told was resolved. */
let executions = 0;
const counted = <Value>(value: Value): Value => {
  executions += 1;
  return value;
};
const counting = {
  ...purses,
  resolvers: {
    ...purses.resolvers,
    Purse: { coins: ({ coins }: PurseRow) => counted(coins) },
    Notification: { stream: ({ stream }: { readonly stream: string }) => counted(stream) },
    Projection: { lag: ({ lag }: ListedProjection) => counted(lag) },
  },
};

let created: TestDatabase;
let folder: TestFolder;
let served: Served;
const clients: Client[] = [];
beforeAll(async () => {
  created = await createTestDatabase();
  folder = await createTestFolder();
  served = await serve(counting, { databaseUrl: created.url, dataDirectory: folder.path, port: 0 });
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const client of clients.splice(0)) await client.dispose();
});
afterAll(async () => {
  await served.stop();
  await folder[Symbol.asyncDispose]();
  await created.drop();
});

const waiting = { timeout: 20_000, interval: 5 };

const give = async (to: string, coins = 1): Promise<number> =>
  (await served.backend.execute(Purse.commands.give('bank', { from: 'bank', to, coins, thanks: '' })))
    .position;

/** A client with a socket of its own. */
function connect(): Client {
  const url = `${served.url.replace('http', 'ws')}/graphql`;
  const client = createClient({ url, webSocketImpl: WebSocket, lazy: false });
  clients.push(client);
  return client;
}

/** So many that no socket has too many subscriptions. */
function connectFor(subscriptions: number): (n: number) => Client {
  const some = Array.from({ length: Math.ceil(subscriptions / 50) }, connect);
  return (n) => some[n % some.length] ?? connect();
}

/** What reaches a client. */
function watch<Data>(client: Client, query: string, variables: Record<string, unknown> = {}): Data[] {
  const frames: Data[] = [];
  client.subscribe<Data>(
    { query, variables },
    {
      next: ({ data, errors }) => {
        if (!data) throw new Error(JSON.stringify(errors));
        frames.push(data);
      },
      error: (error) => {
        throw new Error(JSON.stringify(error));
      },
      complete() {},
    },
  );
  return frames;
}

type PurseFrame = { readonly purse: { readonly coins: number } | null };
const watchPurse = (client: Client, id: string, after?: number) =>
  watch<PurseFrame>(
    client,
    'subscription ($id: ID!, $after: Position) { purse(id: $id, after: $after) { coins } }',
    { id, ...(after !== undefined && { after: String(after) }) },
  );
const coinsIn = (frames: readonly PurseFrame[]) => frames.map(({ purse }) => purse?.coins);
const has = (frames: readonly unknown[], count: number) =>
  vi.waitFor(() => expect(frames).toHaveLength(count), waiting);

const countTimers = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

/** How often a result of that field was written as JSON. */
function countWrites(field: string): () => number {
  const written = vi.spyOn(JSON, 'stringify');
  return () => written.mock.calls.filter(([value]) => Object(Object(value).data)[field] !== undefined).length;
}

test('equal subscriptions to a row share one execution and one serialisation of each change', async () => {
  await give('a');
  const watching = Array.from({ length: 30 }, () => watchPurse(connect(), 'a'));
  for (const frames of watching) await has(frames, 1);
  const writes = countWrites('purse');
  executions = 0;
  for (let coins = 2; coins <= 6; coins += 1) {
    await give('a');
    for (const frames of watching) await has(frames, coins);
  }
  expect([executions, writes()]).toEqual([5, 5]);
  for (const frames of watching) expect(coinsIn(frames)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('who resumes gets what it missed, each change once, and then shares', async () => {
  const first = await give('b');
  const fresh = watchPurse(connect(), 'b');
  await has(fresh, 1);
  await give('b');
  await give('b');
  const resumed = watchPurse(connect(), 'b', first);
  await has(resumed, 2);
  await has(fresh, 3);
  executions = 0;
  await give('b');
  await has(fresh, 4);
  await has(resumed, 3);
  expect(coinsIn(fresh)).toEqual([1, 2, 3, 4]);
  expect(coinsIn(resumed)).toEqual([2, 3, 4]);
});

test('of many rows only the one that changed is looked at, without a statement for those who watch it or others', async () => {
  const clientOf = connectFor(200);
  const keys = Array.from({ length: 200 }, (_, n) => `many-${n}`);
  const watching = keys.map((key, n) => watchPurse(clientOf(n), key));
  for (const frames of watching) await has(frames, 1);
  const statements = vi.spyOn(PostgresJsSession.prototype, 'prepareQuery');
  const writes = countWrites('purse');
  executions = 0;
  for (let coins = 1; coins <= 5; coins += 1) {
    await give('many-7');
    await has(watching[7] ?? [], coins + 1);
  }
  expect([executions, writes()]).toEqual([5, 5]);
  // What five appends, the one who hears of forgetting, the one who tells of events, and heartbeats need.
  expect(statements.mock.calls.length).toBeLessThan(60);
  expect(watching.flat()).toHaveLength(keys.length + 5);
});

test('an idle subscription has no timer, whatever it watches', async () => {
  const clientOf = connectFor(200);
  const [warm = []] = [0, 1, 2, 3].map((n) => watchPurse(clientOf(n), 'warm'));
  await has(warm, 1);
  await has(watch(clientOf(0), 'subscription { projections { name } }'), 1);
  const before = countTimers();
  const rows = Array.from({ length: 100 }, (_, n) => watchPurse(clientOf(n), `idle-${n}`));
  const projections = Array.from({ length: 45 }, (_, n) =>
    watch(clientOf(n), `subscription { projections { name n${n}: name } }`),
  );
  const events = Array.from({ length: 45 }, (_, n) =>
    watch(clientOf(n), `subscription { notifications(filter: { stream: "s${n}" }) { type } }`),
  );
  for (const frames of [...rows, ...projections]) await has(frames, 1);
  // All of them have looked at what is new, and wait.
  await give('warm');
  await has(warm, 2);
  await sleep(500);
  // The process's own come and go: heartbeats, connections.
  expect(countTimers() - before).toBeLessThan(10);
  expect(events.flat()).toEqual([]);
});

test('equal subscriptions to events, typed ones too, share one execution and one serialisation of each', async () => {
  const query =
    'subscription ($tag: String!) { notifications(filter: { tags: [$tag] }) { position stream event { __typename ... on Given { coins } } } }';
  const of = (purse: string) =>
    Array.from({ length: 20 }, () => watch(connect(), query, { tag: `purse:${purse}` }));
  const [meant, others] = [of('x'), of('y')];
  await vi.waitFor(async () => {
    await give('x');
    for (const frames of meant) expect(frames.length).toBeGreaterThan(0);
  }, waiting);
  const last = await give('x');
  const isTold = (position: number) =>
    vi.waitFor(() => {
      for (const frames of meant)
        expect(frames.at(-1)).toMatchObject({
          notifications: {
            position: String(position),
            event: { __typename: 'Given', coins: expect.any(Number) },
          },
        });
    }, waiting);
  await isTold(last);
  const writes = countWrites('notifications');
  executions = 0;
  for (let n = 0; n < 5; n += 1) await isTold(await give('x', n));
  expect([executions, writes()]).toEqual([5, 5]);
  expect(others.flat()).toEqual([]);
});
