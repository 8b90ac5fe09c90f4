import fc from 'fast-check';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { lineOf } from '../../src/app/lines.ts';
import { Order } from '../../src/app/orders/order.ts';
import { shop } from '../../src/app/shop.ts';
import { isLivefoldError } from '../../src/kernel/errors.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { post } from '../graphql/requests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

// Fulfilment would act on its own: here each write is the test's.
const orders = { ...shop, processManagers: [] };

let created: TestDatabase;
let served: Served;
let client: Client;
beforeAll(async () => {
  created = await createTestDatabase(orders.migrations);
  served = await serve(orders, { databaseUrl: created.url, masterKeys, port: 0 });
  const url = `${served.url.replace('http', 'ws')}/graphql`;
  client = createClient({ url, webSocketImpl: WebSocket });
});
afterAll(async () => {
  await client.dispose();
  await served.stop();
  await created.drop();
});

const text = fc.constantFrom('', 'a', 'A', 'post', 'é', '😀', 'ｚ', '%', '_');
const sku = fc.constantFrom('TEA', 'tea', 'MUG', 'POT');
const price = fc.constantFrom('1.5', '1.50', '10', '9', '0.0001', '99999999999.9999');
const quantity = fc.integer({ min: 1, max: 4 });
const line = fc.record({ sku, name: text, unitPrice: price, quantity });
const write = fc.record({
  kind: fc.constantFrom('place', 'place', 'pay', 'ship', 'cancel'),
  id: fc.integer({ min: 1, max: 8 }),
  customer: fc.constantFrom('ada', 'grace', null),
  lines: fc.array(line, { minLength: 1, maxLength: 3 }),
  text,
});
type Write = typeof write extends fc.Arbitrary<infer Value> ? Value : never;

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
/** One or two of the operators. */
const asked = (operators: Record<string, fc.Arbitrary<unknown>>) =>
  maybe(
    fc
      .record(operators, { requiredKeys: [] })
      .map((all) => Object.fromEntries(Object.entries(all).slice(0, 2))),
  );
const isNull = maybe(fc.boolean());
const equality = <Value>(value: fc.Arbitrary<Value>) => ({
  eq: maybe(value),
  ne: maybe(value),
  in: maybe(fc.array(value, { maxLength: 3 })),
});
const order = <Value>(value: fc.Arbitrary<Value>) => ({
  ...equality(value),
  ...{ lt: maybe(value), lte: maybe(value), gt: maybe(value), gte: maybe(value), isNull },
});
const ofText = asked({ ...order(text), contains: maybe(text), startsWith: maybe(text) });

/** Fields of one object, and `and`, `or`, `not` over more of the like. */
function filterOver(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const some = asked(fields).map((filter) => filter ?? {});
  const { filter } = fc.letrec<{ filter: object }>((tie) => ({
    filter: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      some,
      fc.record({ and: fc.array(tie('filter'), { maxLength: 2 }) }),
      fc.record({ or: fc.array(tie('filter'), { maxLength: 2 }) }),
      fc.record({ not: tie('filter') }),
    ),
  }));
  return filter;
}

const ofLine = filterOver({
  sku: asked({ ...equality(sku), isNull }),
  name: ofText,
  quantity: asked(order(quantity)),
  unitPrice: asked(order(price)),
  amount: asked(order(price)),
});
const filter = filterOver({
  customerId: asked({ ...equality(fc.constantFrom('ada', 'grace')), isNull }),
  status: asked(equality(fc.constantFrom('PLACED', 'PAID', 'SHIPPED', 'CANCELLED'))),
  total: asked(order(price)),
  lines: asked({ some: maybe(ofLine), every: maybe(ofLine), none: maybe(ofLine) }),
  cancelReason: ofText,
  carrier: ofText,
});

function commandOf(asked: Write, round: string) {
  const id = `${round}-${asked.id}`;
  if (asked.kind === 'pay') return Order.commands.pay(id, {});
  if (asked.kind === 'ship') return Order.commands.ship(id, { carrier: asked.text || 'Post' });
  if (asked.kind === 'cancel') return Order.commands.cancel(id, { reason: asked.text || 'none' });
  return Order.commands.place(id, {
    orderId: id,
    customerId: asked.customer,
    country: null,
    lines: asked.lines.map(lineOf),
    needsStock: true,
  });
}

async function attempt(asked: Write, round: string): Promise<void> {
  try {
    await served.backend.execute(commandOf(asked, round));
  } catch (error) {
    if (!isLivefoldError(error, 'COMMAND_REJECTED')) throw error;
  }
}

type Row = { readonly id: string };
const shown =
  'id status total cancelReason carrier customer { id } lines { sku name quantity unitPrice amount }';

async function query(filter: object): Promise<readonly Row[]> {
  const head = await served.backend.log.head();
  const { body } = await post(`${served.url}/graphql`, {
    query: `query ($filter: OrderFilter, $head: Position) { orders(filter: $filter, first: 500, atLeast: $head) { nodes { ${shown} } } }`,
    variables: { filter, head: String(head) },
  });
  if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
  return (body.data as { orders: { nodes: Row[] } }).orders.nodes;
}

type Changes = {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly upserted: readonly Row[];
  readonly removed: readonly string[];
};

/** What a client holds that folds its frames. */
function watch(filter: object): { readonly rows: Map<string, Row>; readonly stop: () => void } {
  const rows = new Map<string, Row>();
  const stop = client.subscribe<{ orders: Changes }>(
    {
      query: `subscription ($filter: OrderFilter) { orders(filter: $filter) { kind position upserted { ${shown} } removed } }`,
      variables: { filter },
    },
    {
      next: ({ data, errors }) => {
        if (data == null) throw new Error(JSON.stringify(errors));
        const { kind, upserted, removed } = data.orders;
        if (kind === 'SNAPSHOT') rows.clear();
        for (const id of removed) rows.delete(id);
        for (const row of upserted) rows.set(row.id, row);
      },
      error: (error) => {
        throw new Error(JSON.stringify(error));
      },
      complete() {},
    },
  );
  return { rows, stop };
}

test('whatever is asked, and whatever is written, a client that folds its frames holds what the query gives', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(filter, { minLength: 3, maxLength: 3 }),
      fc.array(fc.array(write, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
      async (filters, rounds) => {
        runs += 1;
        // Each run's orders are its own: the runs share a database.
        const round = `r${runs}`;
        const mine = { or: [1, 2, 3, 4, 5, 6, 7, 8].map((id) => ({ id: { eq: `${round}-${id}` } })) };
        const scoped = filters.map((one) => ({ and: [one, mine] }));
        const watching = scoped.map((filter) => ({ filter, ...watch(filter) }));
        try {
          for (const writes of rounds) {
            const written = writes.map((one) => attempt(one, round));
            // Comes in the middle, to those that ask for the same.
            const [late] = scoped;
            if (late !== undefined) watching.push({ filter: late, ...watch(late) });
            await Promise.all(written);
            for (const { filter, rows } of watching) {
              const expected = await query(filter);
              const held = () => [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
              await vi.waitFor(() => expect(held()).toEqual(expected), { timeout: 10_000, interval: 2 });
            }
          }
        } finally {
          for (const { stop } of watching) stop();
        }
      },
    ),
    { numRuns: 40 },
  );
});
