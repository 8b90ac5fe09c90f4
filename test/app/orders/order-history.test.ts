import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Order } from '../../../src/app/orders/order.ts';
import { orderHistory } from '../../../src/app/orders/order-history.ts';
import { Orders } from '../../../src/app/orders/orders-projection.ts';
import { shop as definition } from '../../../src/app/shop.ts';
import { diffField, historyField } from '../../../src/graphql/history-fields.ts';
import { addProduct, cancelOrder, forgetUser, payOrder, placeOrder, registerUser } from '../operations.ts';
import { type ServedShop, serveShop } from '../served-shop.ts';

const order = '{ id status total carrier customer { id name country } }';
const history = `query ($id: ID!, $first: Int, $after: String) { orderHistory(id: $id, first: $first, after: $after) {
  nodes { position version type actor occurredAt recordedAt notification { position event { __typename } }
    before ${order} after ${order} changes { field from to } lines { sku from { quantity } to { quantity amount } } }
  pageInfo { hasNextPage hasPreviousPage endCursor } } }`;
const diff = `query ($id: ID!, $from: AsOf!, $to: AsOf!) { orderDiff(id: $id, from: $from, to: $to) {
  from ${order} to ${order} changes { field from to } lines { sku from { quantity } to { quantity } } } }`;

const few = { ...orderHistory, mostEvents: 1 };
const guarded = {
  ...definition,
  typeDefs: [
    ...[definition.typeDefs].flat(),
    `extend type Query {
      fewHistory(id: ID!, first: Int, after: String): OrderHistoryConnection!
      fewDiff(id: ID!, from: AsOf!, to: AsOf!): OrderDiff!
    }`,
  ],
  resolvers: {
    ...definition.resolvers,
    Query: {
      ...definition.resolvers.Query,
      ...{ fewHistory: historyField(Orders, few), fewDiff: diffField(Orders, few) },
    },
  },
};

let shop: ServedShop;
beforeAll(async () => {
  shop = await serveShop({ definition: guarded });
  await shop.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  await shop.data(registerUser, { input: { id: 'ada', name: 'Ada', country: 'Norway' } });
  const lines = [{ sku: 'TEA', quantity: 2 }];
  await shop.data(placeOrder, { input: { orderId: 'o1', customerId: 'ada', lines } });
  await shop.data(payOrder, { input: { orderId: 'o1' } });
  await shop.data(placeOrder, { input: { orderId: 'o2', lines } });
  await shop.data(cancelOrder, { input: { orderId: 'o2', reason: 'why not' } });
  await vi.waitFor(async () => {
    expect((await shop.data('{ order(id: "o1") { status } }')).order.status).toBe('SHIPPED');
  });
});
afterAll(() => shop[Symbol.asyncDispose]());

const read = async (variables: object) => (await shop.data(history, variables)).orderHistory;
const compare = async (id: string, from: object, to: object) =>
  (await shop.data(diff, { id, from, to })).orderDiff;

describe('the history of an order', () => {
  test('has each change, with its event, what was before and after, and what changed', async () => {
    const { nodes, pageInfo } = await read({ id: 'o1' });
    const { notificationLog } = await shop.data(
      '{ notificationLog(filter: { stream: "Order-o1" }) { nodes { position version type actor occurredAt recordedAt } } }',
    );
    expect(nodes).toMatchObject(notificationLog.nodes);
    expect(nodes.map(({ type }: { type: string }) => type)).toEqual([
      'OrderPlaced',
      'OrderPaid',
      'OrderShipped',
    ]);
    const [placed, paid, shipped] = nodes;
    expect(paid.notification).toEqual({ position: paid.position, event: { __typename: 'OrderPaid' } });
    expect(placed.before).toBeNull();
    expect(placed.after).toEqual({
      ...{ id: 'o1', status: 'PLACED', total: '9', carrier: null },
      customer: { id: 'ada', name: 'Ada', country: 'Norway' },
    });
    expect(placed.changes).toEqual([
      { field: 'id', from: null, to: 'o1' },
      { field: 'customerId', from: null, to: 'ada' },
      { field: 'status', from: null, to: 'PLACED' },
      { field: 'placedAt', from: null, to: placed.occurredAt },
      { field: 'total', from: null, to: '9' },
      { field: 'lines', from: null, to: [expect.objectContaining({ sku: 'TEA', quantity: 2 })] },
    ]);
    expect(placed.lines).toEqual([{ sku: 'TEA', from: null, to: { quantity: 2, amount: '9' } }]);
    expect([paid.before, paid.changes, paid.lines]).toEqual([
      ...[placed.after, [{ field: 'status', from: 'PLACED', to: 'PAID' }], []],
    ]);
    expect([shipped.before, shipped.changes]).toEqual([
      paid.after,
      [
        { field: 'status', from: 'PAID', to: 'SHIPPED' },
        { field: 'carrier', from: null, to: 'Livefold Post' },
      ],
    ]);
    expect(pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: false, endCursor: '3' });
  });

  test('comes page by page', async () => {
    const whole = (await read({ id: 'o1' })).nodes;
    const first = await read({ id: 'o1', first: 1 });
    const rest = await read({ id: 'o1', first: 2, after: first.pageInfo.endCursor });
    expect([...first.nodes, ...rest.nodes]).toEqual(whole);
    expect(first.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, endCursor: '1' });
    expect(rest.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, endCursor: '3' });
    expect((await read({ id: 'o1', first: 0 })).nodes).toEqual([]);
    expect((await read({ id: 'o1', after: '3' })).nodes).toEqual([]);
  });

  test('of no order is empty; a page that cannot be is refused', async () => {
    expect((await read({ id: 'none' })).nodes).toEqual([]);
    expect(await shop.refusal(history, { id: 'o1', first: 501 })).toBe('BAD_USER_INPUT');
    expect(await shop.refusal(history, { id: 'o1', after: 'x' })).toBe('BAD_USER_INPUT');
  });
});

describe('the difference of two moments', () => {
  test('is told by version, position and time, forwards and backwards', async () => {
    const [placed, , shipped] = (await read({ id: 'o1' })).nodes;
    const forwards = await compare('o1', { version: 1 }, { position: shipped.position });
    expect(forwards).toEqual({
      ...{ from: placed.after, to: shipped.after, lines: [] },
      changes: [
        { field: 'status', from: 'PLACED', to: 'SHIPPED' },
        { field: 'carrier', from: null, to: 'Livefold Post' },
      ],
    });
    const later = new Date(Date.now() + 60_000).toISOString();
    const backwards = await compare('o1', { time: later }, { position: placed.position });
    expect(backwards.changes).toEqual([
      { field: 'status', from: 'SHIPPED', to: 'PLACED' },
      { field: 'carrier', from: 'Livefold Post', to: null },
    ]);
    expect(await compare('o1', { version: 2 }, { version: 2 })).toMatchObject({ changes: [], lines: [] });
  });

  test('to before there was the order is the whole of it; of none it is nothing', async () => {
    expect(await compare('o2', { version: 1 }, { version: 0 })).toMatchObject({
      ...{ from: { status: 'PLACED' }, to: null, lines: [{ sku: 'TEA', from: { quantity: 2 }, to: null }] },
      changes: expect.arrayContaining([{ field: 'status', from: 'PLACED', to: null }]),
    });
    const nothing = { from: null, to: null, changes: [], lines: [] };
    expect(await compare('none', { version: 1 }, { version: 2 })).toEqual(nothing);
  });

  test.each(['from', 'to'])('of a moment that the log has not reached is refused: %s', async (argument) => {
    const moments = { from: { version: 1 }, to: { version: 1 }, [argument]: { position: '999999' } };
    const { body } = await shop.reply(diff, { id: 'o1', ...moments });
    expect(body.errors?.[0]?.extensions).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', issues: [{ path: [argument] }] },
    });
  });
});

test('a stream of too many events is refused, and is read as far as the guard allows', async () => {
  const ask = (operation: string) => operation.replaceAll(/order(History|Diff)\(/g, 'few$1(');
  const { fewHistory } = await shop.data(ask(history).replace('nodes', 'edges { cursor } nodes'), {
    id: 'o1',
    first: 0,
  });
  expect(fewHistory.nodes).toEqual([]);
  expect(await shop.refusal(ask(history), { id: 'o1', first: 1 })).toBe('TOO_COSTLY');
  const { fewDiff } = await shop.data(ask(diff), { id: 'o1', from: { version: 0 }, to: { version: 1 } });
  expect(fewDiff.to.status).toBe('PLACED');
  expect(await shop.refusal(ask(diff), { id: 'o1', from: { version: 0 }, to: { version: 2 } })).toBe(
    'TOO_COSTLY',
  );
});

test('a snapshot from after the moment changes no past', async () => {
  const { repository } = shop.backend;
  const snapshotted = { ...Order, snapshots: {} };
  const ask = async () => ({
    history: await read({ id: 'o1' }),
    diff: await compare('o1', { version: 1 }, { version: 2 }),
    one: (await shop.data(`{ order(id: "o1", asOf: { version: 2 }) ${order} }`)).order,
    list: (await shop.data(`query ($asOf: AsOf) { orders(asOf: $asOf) { nodes ${order} } }`, paid)).orders
      .nodes,
    state: (await repository.load(snapshotted, 'o1', { asOf: { version: 2 } })).state,
  });
  const paid = { asOf: { position: (await read({ id: 'o1' })).nodes[1].position } };
  const before = await ask();
  expect([before.one.status, before.list[0].status, before.state.status]).toEqual(['PAID', 'PAID', 'paid']);
  await repository.snapshot(snapshotted, 'o1');
  repository.clear();
  expect(await ask()).toEqual(before);
});

test('whoever is forgotten is forgotten in every past of an order', async () => {
  await shop.data(forgetUser, { input: { userId: 'ada' } });
  const customer = { id: 'ada', name: 'Forgotten user', country: null };
  const { nodes } = await read({ id: 'o1' });
  expect(nodes).toHaveLength(3);
  for (const { after } of nodes) expect(after.customer).toEqual(customer);
  const { from, to } = await compare('o1', { version: 1 }, { version: 3 });
  expect([from.customer, to.customer]).toEqual([customer, customer]);
  const { order: was } = await shop.data(`{ order(id: "o1", asOf: { version: 1 }) ${order} }`);
  expect(was.customer).toEqual(customer);
  const { position } = nodes[0];
  const { orders } = await shop.data(`{ orders(asOf: { position: "${position}" }) { nodes ${order} } }`);
  expect(orders.nodes).toMatchObject([{ id: 'o1', status: 'PLACED', customer }]);
});
