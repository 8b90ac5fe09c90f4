import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEventStream } from '../graphql/event-source.ts';
import type { GuardedShop } from './guarded-shop.ts';
import { cancelOrder } from './operations.ts';
import { StaffedShop } from './staffed-shop.ts';
import { idsOf, liveOrders as live } from './watching.ts';

let staffed: StaffedShop;
let shop: GuardedShop;
let ada: string;
let grace: string;
beforeAll(async () => {
  staffed = await StaffedShop.serve(['ada', 'grace']);
  ({ shop } = staffed);
  [ada, grace] = [await staffed.customer('ada'), await staffed.customer('grace')];
  for (const [id, owner] of [
    ['a1', 'ada'],
    ['g1', 'grace'],
  ] as const)
    await staffed.place(id, owner);
});
afterAll(() => staffed[Symbol.asyncDispose]());

const log = 'subscription { notifications { stream } }';

describe('the id of an event of another caller, sent as Last-Event-ID', () => {
  test('resumes a live field with the rows of who sends it, and tells of no other', async () => {
    const hers = await shop.events(ada, live);
    const { id = '' } = (await hers.next()) ?? {};
    hers.leave();
    await staffed.place('a2', 'ada');
    await staffed.staff.data(cancelOrder, { input: { orderId: 'a1' } });
    await staffed.place('g2', 'grace');
    const stream = await shop.events(grace, live, { 'last-event-id': id });
    const { orders } = JSON.parse((await stream.next())?.data ?? '').data;
    expect(idsOf(orders)).toContain('g2');
    expect(idsOf(orders).filter((order: string) => order.startsWith('a'))).toEqual([]);
    expect(orders.removed).toEqual([]);
    stream.leave();
  });

  test('resumes the log with the events of who sends it', async () => {
    const hers = await shop.events(ada, log);
    await staffed.place('a3', 'ada');
    const { id = '' } = (await hers.next()) ?? {};
    hers.leave();
    await staffed.place('a4', 'ada');
    await staffed.place('g3', 'grace');
    const stream = await shop.events(grace, log, { 'last-event-id': id });
    expect(JSON.parse((await stream.next())?.data ?? '').data).toEqual({
      notifications: { stream: 'Order-g3' },
    });
    stream.leave();
  });

  test('resumes nothing for who may not subscribe', async () => {
    const operator = await shop.issuer.token('olga', { roles: ['operator'] });
    const stream = await shop.events(operator, live, { 'last-event-id': '1' });
    const { errors, data } = JSON.parse((await stream.next())?.data ?? '');
    expect([data ?? null, errors[0].extensions.code]).toEqual([null, 'FORBIDDEN']);
    expect(await stream.next()).toMatchObject({ event: 'complete' });
  });
});

/** One stream for all operations of a client, as the single connection mode of GraphQL over SSE has it. */
async function openShared() {
  const reserved = await fetch(shop.graphql, { method: 'PUT' });
  const name = { 'x-graphql-event-stream-token': await reserved.text() };
  const leaving = new AbortController();
  const response = await fetch(shop.graphql, {
    headers: { ...name, accept: 'text/event-stream' },
    signal: leaving.signal,
  });
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  /** The next event of an operation; those of others are as if they were read by others. */
  const next = async (operation: string) => {
    for (;;) {
      const found = new RegExp(`event: (\\w+)\\ndata: ({"id":"${operation}".*)\\n\\n`).exec(rest);
      if (found !== null) {
        rest = rest.replace(found[0], '');
        return { event: found[1], ...JSON.parse(found[2] ?? '') };
      }
      const { value, done } = await reader.read();
      if (done) throw new Error('The stream ended.');
      rest += value;
    }
  };
  const ask = (operationId: string, token: string, query: string) =>
    fetch(shop.graphql, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...name },
      body: JSON.stringify({ query, extensions: { operationId } }),
    });
  return { ask, next, [Symbol.dispose]: () => leaving.abort() };
}

describe('a shared event stream', () => {
  test('has each operation under the token that asked for it, whoever opened the stream', async () => {
    using stream = await openShared();
    const orders = '{ orders { nodes { id } } }';
    for (const [id, token, query] of [
      ['ada', ada, live],
      ['grace', grace, live],
      ['list', grace, orders],
      ['log', grace, log],
    ] as const)
      expect((await stream.ask(id, token, query)).status).toBe(202);
    const ids = async (operation: string) => idsOf((await stream.next(operation)).payload.data.orders);
    expect((await ids('ada')).every((id) => id.startsWith('a'))).toBe(true);
    expect((await ids('grace')).every((id) => id.startsWith('g'))).toBe(true);
    const { nodes } = (await stream.next('list')).payload.data.orders;
    expect(nodes.length).toBeGreaterThan(0);
    expect(nodes.every(({ id }: { id: string }) => id.startsWith('g'))).toBe(true);
    await staffed.place('a5', 'ada');
    await staffed.place('g5', 'grace');
    expect(await ids('ada')).toEqual(['a5']);
    expect(await ids('grace')).toEqual(['g5']);
    expect((await stream.next('log')).payload.data).toEqual({ notifications: { stream: 'Order-g5' } });
  });

  test('refuses what its caller may not, and a token that is not believed', async () => {
    using stream = await openShared();
    const operator = await shop.issuer.token('olga', { roles: ['operator'] });
    const refused = await stream.ask('refused', operator, live);
    const said = refused.status === 202 ? (await stream.next('refused')).payload : await refused.json();
    expect(said.errors[0].extensions.code).toBe('FORBIDDEN');
    const unbelieved = await stream.ask('unbelieved', 'abc', live);
    const told =
      unbelieved.status === 202 ? (await stream.next('unbelieved')).payload : await unbelieved.json();
    expect(told.errors[0].extensions.code).toBe('UNAUTHENTICATED');
  });

  test('ends what is subscribed with a token that is over, and goes on with the rest', async () => {
    using stream = await openShared();
    await stream.ask('short', await staffed.customer('ada', { expiresIn: 600 }), live);
    await stream.ask('long', grace, live);
    await stream.next('short');
    await stream.next('long');
    shop.issuer.ahead += 700;
    expect((await stream.next('short')).payload).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    expect(await stream.next('short')).toMatchObject({ event: 'complete' });
    await staffed.place('g6', 'grace');
    expect(idsOf((await stream.next('long')).payload.data.orders)).toEqual(['g6']);
  });
});

describe('an error tells nobody what it may not know', () => {
  test('of the head of the log, which is for operators, neither to an argument nor to Last-Event-ID', async () => {
    const head = (await shop.as(await shop.issuer.token('olga', { roles: ['operator'] })).data('{ head }'))
      .head;
    const beyond = '{ product(sku: "TEA", atLeast: "987654321") { sku } }';
    const { errors } = (await shop.as().reply(beyond)).body;
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    const stream = await openEventStream(
      shop.graphql,
      { query: 'subscription { products { kind } }' },
      { 'last-event-id': '987654321' },
    );
    const { errors: live } = JSON.parse((await stream.next())?.data ?? '');
    expect(live[0].extensions.code).toBe('BAD_USER_INPUT');
    for (const { message, extensions } of [errors?.[0], live[0]])
      expect(`${message} ${JSON.stringify(extensions.issues)}`).not.toMatch(new RegExp(`\\b${head}\\b`));
  });

  test('of a hidden order, wherever it is named: it reads as one that is not there', async () => {
    const customer = shop.as(await staffed.customer('ada'));
    const shown = async (query: string, id: string) => {
      const { status, body } = await customer.reply(query.replaceAll('$id', id));
      const text = JSON.stringify([status, body]).replace(/"correlationId":"[^"]*"/g, '');
      return text.replaceAll(id, '…');
    };
    for (const query of [
      '{ order(id: "$id") { id } }',
      '{ order(id: "$id", atLeast: "1") { customer { name } } }',
      '{ order(id: "$id", asOf: { version: 99 }) { id } }',
      '{ orderHistory(id: "$id") { nodes { type } pageInfo { hasNextPage } } }',
      '{ orderDiff(id: "$id", from: { version: 1 }, to: { version: 2 }) { changes { field } } }',
      '{ orders(filter: { id: { eq: "$id" } }) { nodes { id } pageInfo { hasNextPage endCursor } } }',
      '{ notificationLog(filter: { stream: "Order-$id" }) { nodes { type } pageInfo { hasNextPage endCursor } } }',
      'mutation { payOrder(input: { orderId: "$id" }) { order { id } } }',
      'mutation { cancelOrder(input: { orderId: "$id" }) { order { id } } }',
      'mutation { shipOrder(input: { orderId: "$id", carrier: "DHL" }) { order { id } } }',
      'mutation { returnItems(input: { customerId: "ada", orderId: "$id", lines: [{ sku: "TEA", quantity: 9 }] }) { return { id } } }',
      'mutation { returnItems(input: { customerId: "grace", orderId: "$id", lines: [{ sku: "TEA", quantity: 1 }] }) { return { id } } }',
    ])
      expect([query, await shown(query, 'g1')]).toEqual([query, await shown(query, 'nothing')]);
  });
});
