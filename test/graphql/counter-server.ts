import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError, GraphQLScalarType } from 'graphql';
import { frameAt } from '../../src/graphql/frame.ts';
import type { ContextRequest } from '../../src/graphql/operation.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../src/graphql/server.ts';
import { Bell, sleep } from '../../src/kernel/async.ts';
import { LivefoldError } from '../../src/kernel/errors.ts';
import type { Logger } from '../../src/kernel/log.ts';

const typeDefs = /* GraphQL */ `
  scalar Price
  input Line { sku: String!, quantity: Int! }
  type Node { name: String!, child: Node, children(first: Int): [Node!]! }
  type Query {
    count: Int!
    echo(text: String!, price: Price): String!
    node: Node
    total(lines: [Line!]!): Int!
    strict(number: Int! = 1): Int!
    caller: String
    throws(code: String): String
    notAnInt: Int
    coded: String
  }
  type Mutation { add(amount: Int!): Int!, hold: Int! }
  type Subscription { counts(after: Int): Int!, flood: String!, silent: Int!, deaf: Int!, failing: Int!, starting: Int! }
`;

type LogLine = { readonly level: string; readonly facts: Record<string, unknown>; readonly message: string };

/** A server over one number. Its positions are the number of additions; it counts what is pulled from its streams. */
export type CounterServer = RunningServer & {
  readonly graphql: string;
  readonly socket: string;
  readonly state: CounterState;
  readonly log: readonly LogLine[];
};

export class CounterState {
  readonly additions: number[] = [];
  readonly bell = new Bell();
  /** Lets mutations that hold on go. */
  readonly gate = new Bell();
  holding = 0;
  pulled = 0;
  /** Streams that run, by field. */
  readonly open = new Map<string, number>();
  readonly contexts: ContextRequest[] = [];

  get count(): number {
    return this.additions.reduce((sum, amount) => sum + amount, 0);
  }

  add(amount: number): number {
    this.additions.push(amount);
    this.bell.ring();
    return this.count;
  }

  opened(field: string, change: 1 | -1): void {
    this.open.set(field, (this.open.get(field) ?? 0) + change);
  }
}

export async function startCounter(options: Partial<ServerOptions> = {}): Promise<CounterServer> {
  const state = new CounterState();
  const log: LogLine[] = [];
  const server = await startServer({
    schema: makeExecutableSchema({ typeDefs, resolvers: resolversOf(state) }),
    createContext: (request) => {
      state.contexts.push(request);
      if (request.authorization === 'nobody') throw new LivefoldError('UNAUTHENTICATED', 'Who are you?');
      return request;
    },
    isReady: async () => ({ ready: true, reasons: [] }),
    logger: loggerInto(log),
    port: 0,
    ...options,
  });
  const graphql = `${server.url}/graphql`;
  return { ...server, graphql, socket: graphql.replace('http', 'ws'), state, log };
}

function loggerInto(log: LogLine[]): Logger {
  const writer = (level: string) => (facts: object, message: string) =>
    void log.push({ level, facts: { ...facts }, message });
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}

function resolversOf(state: CounterState) {
  return {
    Price: new GraphQLScalarType({ name: 'Price', parseValue: parsePrice, serialize: String }),
    Node: { name: () => 'node', child: () => ({}), children: () => [] },
    Query: {
      count: () => state.count,
      echo: (_: unknown, { text }: { text: string }) => text,
      node: () => ({}),
      total: (_: unknown, { lines }: { lines: { quantity: number }[] }) => lines.length,
      strict: (_: unknown, { number }: { number: number }) => number,
      caller: (_: unknown, __: unknown, { authorization }: ContextRequest) => authorization,
      notAnInt: () => 'secret text',
      throws: (_: unknown, { code }: { code?: string }) => {
        if (code === undefined) throw new Error('password=hunter2');
        throw new LivefoldError(code, 'Said by us.', {
          fields: { reason: 'SOLD_OUT', projection: 'orders', issues: [{ path: ['a'] }], inside: 'secret' },
          cause: new Error('password=hunter2'),
        });
      },
      coded: () => {
        throw new GraphQLError('Mind the gap.', { extensions: { code: 'GAP', width: 3 } });
      },
    },
    Mutation: {
      add: (_: unknown, { amount }: { amount: number }) => state.add(amount),
      hold: async (_: unknown, __: unknown, { signal }: ContextRequest) => {
        state.holding += 1;
        await state.gate.wait(state.gate.rings, { signal });
        return state.add(1);
      },
    },
    Subscription: {
      counts: {
        subscribe: (_: unknown, { after }: { after?: number }, context: ContextRequest) =>
          counts(state, after, context),
      },
      flood: { subscribe: (_: unknown, __: unknown, context: ContextRequest) => flood(state, context) },
      silent: { subscribe: (_: unknown, __: unknown, context: ContextRequest) => silent(state, context) },
      deaf: { subscribe: () => deaf(state) },
      failing: { subscribe: () => failing() },
      starting: {
        subscribe: (_: unknown, __: unknown, { signal }: ContextRequest) => starting(state, signal),
      },
    },
  };
}

function parsePrice(value: unknown): string {
  if (typeof value === 'string' && /^\d+\.\d\d$/.test(value)) return value;
  throw new LivefoldError('INVALID_DECIMAL', 'A price has two decimals.');
}

/** The count after each addition behind a position, then live. */
async function* counts(
  state: CounterState,
  after: number | undefined,
  { signal, resumeAfter }: ContextRequest,
) {
  let position = resumeAfter ?? after ?? state.additions.length;
  state.opened('counts', 1);
  try {
    while (!signal.aborted) {
      const seen = state.bell.rings;
      while (position < state.additions.length) {
        position += 1;
        const sum = state.additions.slice(0, position).reduce((total, amount) => total + amount, 0);
        yield frameAt(position, { counts: sum });
      }
      await state.bell.wait(seen, { signal });
    }
  } finally {
    state.opened('counts', -1);
  }
}

/** 64 KiB after 64 KiB, for ever. */
async function* flood(state: CounterState, { signal }: ContextRequest) {
  state.opened('flood', 1);
  const text = 'x'.repeat(65_536);
  try {
    while (!signal.aborted) {
      state.pulled += 1;
      yield { flood: text };
    }
  } finally {
    state.opened('flood', -1);
  }
}

/** Waits for a value that never comes, but listens to the signal. */
async function* silent(state: CounterState, { signal }: ContextRequest) {
  state.opened('silent', 1);
  try {
    await sleep(2 ** 30, signal);
    yield { silent: 0 };
  } finally {
    state.opened('silent', -1);
  }
}

/** An iterator that neither answers nor knows of a signal: all it has is `return`. */
function deaf(state: CounterState): AsyncIterableIterator<{ deaf: number }> {
  state.opened('deaf', 1);
  return {
    next: () => new Promise(() => {}),
    return: async () => {
      state.opened('deaf', -1);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* failing() {
  yield { failing: 1 };
  throw new Error('password=hunter2');
}

/** Takes for ever to start, but listens to the signal. */
async function starting(state: CounterState, signal: AbortSignal) {
  state.opened('starting', 1);
  await sleep(2 ** 30, signal);
  state.opened('starting', -1);
  return failing();
}
