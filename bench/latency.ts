import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Benchmark } from './benchmark.ts';
import { median } from './compare.ts';

const rounds = 8;
const perRound = 100;

/** One thing that is sent off and seen arriving: how long it took, in milliseconds. */
type Trip = () => Promise<number>;

/** Both servers are processes of their own, as is whoever calls them. */
export const benchmark: Benchmark = {
  name: 'latency',
  describe: 'from a mutation over HTTP to its frame on a WebSocket',
  async run({ databaseUrl, progress }) {
    await using stack = new AsyncDisposableStack();
    const livefold = await startProgram(
      '../src/cli/livefold.ts',
      ['start'],
      databaseUrl,
      /http:\/\/[\d.:]+/,
      stack,
    );
    const raw = await startProgram('latency/raw-server.ts', [], databaseUrl, /ws:\/\/[\d.:]+/, stack);
    const sides = [
      { name: 'raw', trip: await rawTrip(raw, stack), times: [] as number[] },
      { name: 'empty query', trip: queryTrip(livefold, stack), times: [] as number[] },
      {
        name: 'notifications',
        trip: await graphqlTrip(livefold, 'subscription { notifications { position } }', stack),
        times: [] as number[],
      },
      {
        name: 'orders',
        trip: await graphqlTrip(livefold, 'subscription { orders { position } }', stack),
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
    const [least = Number.NaN, query = Number.NaN, notifications = Number.NaN, orders = Number.NaN] =
      sides.map(({ times }) => median(times));
    const detail = sides.map(({ name, times }) => `${name} ${median(times).toFixed(2)} ms`).join(', ');
    const against = 'p50 against raw insert + NOTIFY + socket echo';
    return [
      {
        name: `mutation to \`notifications\` frame, ${against}`,
        figure: notifications / least,
        target: 3,
        bound: 'most',
        detail,
      },
      {
        name: `mutation to live \`orders\` frame, ${against}`,
        figure: orders / least,
        target: 3,
        bound: 'most',
        detail,
      },
      { name: 'an empty query over HTTP, against the same', figure: query / least, bound: 'most', detail },
    ];
  },
};

/** Starts a program beside this one, and gives back the address that it prints. */
async function startProgram(
  file: string,
  args: readonly string[],
  databaseUrl: string,
  address: RegExp,
  stack: AsyncDisposableStack,
): Promise<string> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    env: { ...process.env, DATABASE_URL: databaseUrl, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stack.defer(() => stopProgram(child));
  for await (const line of createInterface({ input: child.stdout })) {
    const [found] = address.exec(line) ?? [];
    if (found === undefined) continue;
    child.stdout.resume();
    return found;
  }
  throw new Error(`${file} ended before it was up`);
}

async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** A query that asks for nothing: what HTTP and GraphQL take by themselves. */
function queryTrip(url: string, stack: AsyncDisposableStack): Trip {
  const send = httpOperation(url, stack);
  return async () => {
    const start = performance.now();
    await send('{ __typename }');
    return performance.now() - start;
  };
}

/** A mutation over HTTP, seen by a subscriber on a WebSocket. */
async function graphqlTrip(url: string, subscription: string, stack: AsyncDisposableStack): Promise<Trip> {
  const mutate = httpOperation(url, stack);
  await mutate(
    'mutation { addProduct(input: { sku: "T", name: "Tea", price: "1" }, commandId: "T") { product { sku } } }',
  );
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
  });
  stack.defer(() => client.dispose());
  let arrived = (): void => {};
  client.subscribe({ query: subscription }, { next: () => arrived(), error: broken, complete: () => {} });
  return async () => {
    const frame = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const start = performance.now();
    const answer = mutate(
      'mutation { placeOrder(input: { lines: [{ sku: "T", quantity: 1 }] }) { receipt { position } } }',
    );
    await frame;
    const time = performance.now() - start;
    await answer;
    return time;
  };
}

function httpOperation(url: string, stack: AsyncDisposableStack): (query: string) => Promise<void> {
  const agent = new Agent({ keepAlive: true });
  stack.defer(() => agent.destroy());
  return (query) =>
    new Promise((resolve, reject) => {
      const sent = request(
        `${url}/graphql`,
        { agent, method: 'POST', headers: { 'content-type': 'application/json' } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part) => {
            text += part;
          });
          response.on('end', () => (text.includes('"errors"') ? reject(new Error(text)) : resolve()));
        },
      );
      sent.on('error', reject).end(JSON.stringify({ query }));
    });
}

/** A subscription that breaks would leave the benchmark waiting for ever. */
function broken(error: unknown): never {
  throw new Error('the subscription of the benchmark broke', { cause: error });
}

/** A message to the least of servers, and its echo. */
async function rawTrip(url: string, stack: AsyncDisposableStack): Promise<Trip> {
  const socket = new WebSocket(url);
  stack.defer(() => socket.close());
  await once(socket, 'open');
  return async () => {
    const arrived = once(socket, 'message');
    const start = performance.now();
    socket.send(JSON.stringify({ sku: 'T', quantity: 1 }));
    await arrived;
    return performance.now() - start;
  };
}
