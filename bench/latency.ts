import { createClient } from 'graphql-ws';
import { WebSocket, WebSocketServer } from 'ws';
import { openClient } from '../src/adapters/postgres/database.ts';
import { shop } from '../src/app/shop.ts';
import { createId } from '../src/kernel/ids.ts';
import { serve } from '../src/main/serve.ts';
import type { Benchmark } from './benchmark.ts';
import { median } from './compare.ts';

const rounds = 8;
const perRound = 100;

/** One thing that is sent off and seen arriving: how long it took, in milliseconds. */
type Trip = () => Promise<number>;

export const benchmark: Benchmark = {
  name: 'latency',
  describe: 'from a mutation over HTTP to its frame on a WebSocket',
  async run({ databaseUrl, progress }) {
    await using stack = new AsyncDisposableStack();
    const served = stack.use(await serve(shop, { databaseUrl, port: 0 }));
    const sides = [
      { name: 'raw', trip: await rawTrip(databaseUrl, stack), times: [] as number[] },
      {
        name: 'notifications',
        trip: await graphqlTrip(served.url, 'subscription { notifications { position } }', stack),
        times: [] as number[],
      },
      {
        name: 'orders',
        trip: await graphqlTrip(served.url, 'subscription { orders { position } }', stack),
        times: [] as number[],
      },
    ];
    for (let round = 0; round <= rounds; round += 1) {
      for (const { trip, times } of sides) {
        for (let number = 0; number < perRound; number += 1) {
          const time = await trip();
          // The first round warms up.
          if (round > 0) times.push(time);
        }
      }
      progress(`  round ${round} of ${rounds}`);
    }
    const [raw = Number.NaN, notifications = Number.NaN, orders = Number.NaN] = sides.map(({ times }) =>
      median(times),
    );
    const detail = `p50 raw ${raw.toFixed(2)} ms, notifications ${notifications.toFixed(2)} ms, orders ${orders.toFixed(2)} ms`;
    return [
      {
        name: 'mutation to `notifications` frame, p50 against raw insert + NOTIFY + socket echo',
        figure: notifications / raw,
        target: 3,
        bound: 'most',
        detail,
      },
      {
        name: 'mutation to live `orders` frame, p50 against raw insert + NOTIFY + socket echo',
        figure: orders / raw,
        target: 3,
        bound: 'most',
        detail,
      },
    ];
  },
};

/** A mutation over HTTP, seen by a subscriber on a WebSocket. Each trip waits until everything that it set off has settled. */
async function graphqlTrip(url: string, subscription: string, stack: AsyncDisposableStack): Promise<Trip> {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
  });
  stack.defer(() => client.dispose());
  let arrived = (): void => {};
  client.subscribe(
    { query: subscription },
    { next: () => arrived(), error: (error) => broken(error), complete: () => {} },
  );
  await mutate(
    url,
    'mutation { addProduct(input: { sku: "T", name: "Tea", price: "1" }, commandId: "T") { product { sku } } }',
  );
  return async () => {
    const frame = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const start = performance.now();
    const answer = mutate(
      url,
      'mutation { placeOrder(input: { lines: [{ sku: "T", quantity: 1 }] }) { receipt { position } } }',
    );
    await frame;
    const time = performance.now() - start;
    await answer;
    return time;
  };
}

/** A subscription that breaks would leave the benchmark waiting for ever. */
function broken(error: unknown): never {
  throw new Error('the subscription of the benchmark broke', { cause: error });
}

async function mutate(url: string, query: string): Promise<void> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const result = await response.text();
  if (result.includes('"errors"')) throw new Error(result);
}

/** The least that it takes: one insert that notifies, a listener that hears it, and a socket that carries a message. */
async function rawTrip(databaseUrl: string, stack: AsyncDisposableStack): Promise<Trip> {
  const sql = openClient(databaseUrl, { max: 2 });
  stack.defer(() => sql.end());
  await sql`create table bench_raw (position bigserial primary key, id uuid not null unique, data jsonb not null)`;
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  stack.defer(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the server of the comparison did not start');
  const socket = new WebSocket(`ws://127.0.0.1:${address.port}`);
  stack.defer(() => socket.close());
  await new Promise((resolve) => socket.once('open', resolve));
  await sql.listen('bench_raw', (payload) => {
    for (const client of server.clients) client.send(payload);
  });
  return async () => {
    const arrived = new Promise((resolve) => socket.once('message', resolve));
    const start = performance.now();
    await sql`with stored as (insert into bench_raw (id, data) values (${createId()}, ${JSON.stringify({ sku: 'T', quantity: 1 })}::jsonb) returning position)
      select pg_notify('bench_raw', position::text) from stored`;
    await arrived;
    return performance.now() - start;
  };
}
