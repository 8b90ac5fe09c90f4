import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Orders } from '../../../src/app/orders/orders-projection.ts';
import { shop as definition } from '../../../src/app/shop.ts';
import { rowsField } from '../../../src/graphql/row-fields.ts';
import {
  addProduct,
  cancelOrder,
  changeEmail,
  forgetUser,
  payOrder,
  placeOrder,
  registerUser,
} from '../operations.ts';
import { type ServedShop, serveShop } from '../served-shop.ts';

const pages: readonly object[] = [
  {},
  { first: 3, orderBy: { field: 'TOTAL', descending: true } },
  { last: 2, orderBy: { field: 'PLACED_AT' } },
  { first: 5, filter: { status: { ne: 'CANCELLED' }, total: { gt: '9' } } },
  { first: 5, filter: { or: [{ customerId: { eq: 'ada' } }, { not: { status: { in: ['SHIPPED'] } } }] } },
];
const fields = `edges { cursor node { id status placedAt total cancelReason carrier lines { sku quantity unitPrice amount } } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;
const query = `query ($filter: OrderFilter, $orderBy: OrderOrder, $first: Int, $after: String, $last: Int, $before: String, $asOf: AsOf, $atLeast: Position) {
  orders(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before, asOf: $asOf, atLeast: $atLeast) { ${fields} } }`;

/** The same field with a small guard. */
const guarded = {
  ...definition,
  typeDefs: [
    ...[definition.typeDefs].flat(),
    `extend type Query { fewOrders(asOf: AsOf, first: Int): OrderConnection! }`,
  ],
  resolvers: {
    ...definition.resolvers,
    Query: { ...definition.resolvers.Query, fewOrders: rowsField(Orders, undefined, { mostEvents: 4 }) },
  },
};

type Moment = { readonly position: string; readonly time: string; readonly seen: readonly unknown[] };

let shop: ServedShop;
const moments: Moment[] = [];
beforeAll(async () => {
  shop = await serveShop({ definition: guarded });
  await shop.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  await shop.data(registerUser, { input: { id: 'ada', name: 'Ada', country: 'Norway' } });
  await record();
  for (let n = 1; n <= 6; n += 1) {
    const customerId = n % 2 === 0 ? 'ada' : undefined;
    await shop.data(placeOrder, {
      input: { orderId: `o${n}`, customerId, lines: [{ sku: 'TEA', quantity: n }] },
    });
    await record();
  }
  await shop.data(cancelOrder, { input: { orderId: 'o4', reason: 'why not' } });
  await record();
  await shop.data(payOrder, { input: { orderId: 'o2' } });
  await vi.waitFor(async () => {
    expect((await shop.data('{ order(id: "o2") { status } }')).order.status).toBe('SHIPPED');
  });
  await record();
});
afterAll(() => shop[Symbol.asyncDispose]());

const read = async (variables: object) => (await shop.data(query, variables)).orders;

/** What the table says now, and where the log is. */
async function record(): Promise<void> {
  const { head } = await shop.data('{ head }');
  const seen = await Promise.all(pages.map((page) => read({ ...page, atLeast: head })));
  const { notificationLog } = await shop.data(
    `{ notificationLog(after: "${Number(head) - 1}") { nodes { recordedAt } } }`,
  );
  moments.push({ position: head, time: notificationLog.nodes[0].recordedAt, seen });
}

test('orders as of a position are what the table showed then: filtered, in order, page by page', async () => {
  for (const { position, seen } of moments)
    expect(await Promise.all(pages.map((page) => read({ ...page, asOf: { position } })))).toEqual(seen);
  expect((await read({ asOf: { position: '0' } })).edges).toEqual([]);
});

test('as of an instant they are what the log had come to', async () => {
  // Two events of one millisecond are of one instant.
  const distinct = moments.filter(({ time }, index) => time !== moments[index + 1]?.time);
  expect(distinct.length).toBeGreaterThan(3);
  for (const { time, seen } of distinct)
    expect(await Promise.all(pages.map((page) => read({ ...page, asOf: { time } })))).toEqual(seen);
  expect((await read({ asOf: { time: '2001-01-01T00:00:00Z' } })).edges).toEqual([]);
  const later = new Date(Date.now() + 60_000).toISOString();
  expect((await read({ asOf: { time: later } })).edges).toHaveLength(6);
});

test('a cursor leads on through the past, and from the past to now', async () => {
  const asOf = { position: moments.at(4)?.position };
  const first = await read({ asOf, first: 2 });
  const second = await read({ asOf, first: 2, after: first.pageInfo.endCursor });
  const ids = [...first.edges, ...second.edges].map(({ node }: { node: { id: string } }) => node.id);
  expect(ids).toEqual(['o1', 'o2', 'o3', 'o4']);
  expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false]);
  const now = await read({ first: 9, after: second.pageInfo.endCursor });
  expect(now.edges).toHaveLength(2);
});

test.each([
  ['a version, which no list has', { version: 1 }],
  ['a position that the log has not reached', { position: '999999' }],
  ['no moment', {}],
  ['two moments', { position: '1', time: '2001-01-01T00:00:00Z' }],
])('%s is refused', async (_, asOf) => {
  expect(await shop.refusal(query, { asOf })).toBe('BAD_USER_INPUT');
});

test('what would be folded from too many events is refused, with what to do', async () => {
  const few = 'query ($asOf: AsOf) { fewOrders(asOf: $asOf) { nodes { id } } }';
  const at = (index: number) => ({ asOf: { position: moments.at(index)?.position } });
  expect((await shop.data(few, at(4))).fewOrders.nodes).toHaveLength(4);
  expect((await shop.data(few)).fewOrders.nodes).toHaveLength(6);
  const { body } = await shop.reply(few, at(5));
  expect(body.errors).toMatchObject([
    {
      message: expect.stringContaining('ask for an earlier moment, or for single ones by their ids'),
      extensions: { code: 'TOO_COSTLY', mostEvents: 4 },
    },
  ]);
});

test('whoever is forgotten is forgotten in the past too, that which was asked for before included', async () => {
  const { past, store } = shop.backend;
  const users = shop.backend.projections.get('users')?.projection;
  if (users === undefined) throw new Error('There are no users.');
  const at = Number(moments[3]?.position);
  const ada = async () => (await past.rows(users, { at, mostEvents: 100 })).get('ada');
  // Of the last moment, which is folded back from the table; who somebody is is in the stream of theirs.
  const latest = {
    at: Number(moments.at(-1)?.position),
    mostEvents: 100,
    stream: (id: string) => `User-${id}`,
  };
  const backFromNow = async () =>
    (await past.page(users, { limit: 9 }, latest)).map(({ id, name, country }) => [id, name, country]);
  const customers = `query ($asOf: AsOf) { orders(asOf: $asOf) { nodes { id customer { id name country } } } }`;
  const ofAda = async () =>
    (await shop.data(customers, { asOf: { position: String(at) } })).orders.nodes.filter(
      ({ customer }: { customer: object | null }) => customer !== null,
    );
  expect(await ada()).toMatchObject({ name: 'Ada', country: 'Norway', orderCount: 1 });
  expect(await ofAda()).toEqual([{ id: 'o2', customer: { id: 'ada', name: 'Ada', country: 'Norway' } }]);
  // So that she is among those who have changed since, as she was.
  await shop.data(changeEmail, { input: { userId: 'ada', email: 'ada@example.org' } });
  expect(await backFromNow()).toEqual([['ada', 'Ada', 'Norway']]);
  await shop.data(forgetUser, { input: { userId: 'ada' } });
  expect(await backFromNow()).toEqual([['ada', 'Forgotten user', null]]);
  expect(await ada()).toMatchObject({ name: 'Forgotten user', country: null, orderCount: 1 });
  expect(await ofAda()).toEqual([
    { id: 'o2', customer: { id: 'ada', name: 'Forgotten user', country: null } },
  ]);
  expect(await store.head()).toBeGreaterThan(at);
});
