import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GuardedShop, type ShopCaller } from './guarded-shop.ts';
import { addProduct, cancelOrder, payOrder, placeOrder, registerUser } from './operations.ts';

let shop: GuardedShop;
let staff: ShopCaller;
let ada: ShopCaller;
let grace: ShopCaller;
let operator: ShopCaller;
let nobody: ShopCaller;
let adasToken: string;

const lines = [{ sku: 'TEA', quantity: 1 }];

beforeAll(async () => {
  shop = await GuardedShop.serve();
  const { issuer } = shop;
  adasToken = await issuer.token('ada', { roles: ['customer'] });
  staff = shop.as(await issuer.token('sam', { roles: ['staff'] }));
  operator = shop.as(await issuer.token('olga', { roles: ['operator'] }));
  ada = shop.as(adasToken);
  grace = shop.as(await issuer.token('grace', { roles: ['customer'] }));
  nobody = shop.as();
  await staff.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  await ada.data(registerUser, { input: { id: 'ada', name: 'Ada' } });
  await staff.data(registerUser, { input: { id: 'grace', name: 'Grace' } });
  for (const orderId of ['a1', 'a2'])
    await ada.data(placeOrder, { input: { orderId, customerId: 'ada', lines } });
  await grace.data(placeOrder, { input: { orderId: 'g1', customerId: 'grace', lines } });
  await staff.data(placeOrder, { input: { orderId: 'guest', lines } });
});
afterAll(() => shop[Symbol.asyncDispose]());

const orders = '{ orders { nodes { id customer { id } } pageInfo { hasNextPage endCursor } } }';
const idsOf = ({ orders: { nodes } }: { orders: { nodes: { id: string }[] } }) => nodes.map(({ id }) => id);
const unpaged = { pageInfo: { hasNextPage: false } };

describe('a list', () => {
  test('has the rows of the caller, all for staff', async () => {
    expect(idsOf(await ada.data(orders))).toEqual(['a1', 'a2']);
    expect(idsOf(await grace.data(orders))).toEqual(['g1']);
    expect(idsOf(await staff.data(orders))).toEqual(['a1', 'a2', 'g1', 'guest']);
  });

  test('is paged among the rows of the caller: hidden ones leave no gap and no next page', async () => {
    const page = (first: number) =>
      `{ orders(first: ${first}, orderBy: { field: ID, descending: true }) { nodes { id } pageInfo { hasNextPage } } }`;
    expect(await ada.data(page(2))).toMatchObject({
      orders: { nodes: [{ id: 'a2' }, { id: 'a1' }], ...unpaged },
    });
    expect(await grace.data(page(1))).toMatchObject({ orders: { nodes: [{ id: 'g1' }], ...unpaged } });
  });

  test('cannot be widened by a filter', async () => {
    const filtered = (filter: string) => `{ orders(filter: ${filter}) { nodes { id } } }`;
    for (const filter of [
      '{ customerId: { eq: "grace" } }',
      '{ id: { eq: "g1" } }',
      '{ or: [{ id: { in: ["g1", "guest"] } }, { customerId: { isNull: true } }] }',
      '{ not: { customerId: { eq: "ada" } } }',
    ])
      expect(idsOf(await ada.data(filtered(filter)))).toEqual([]);
    expect(idsOf(await ada.data(filtered('{ not: { id: { eq: "a1" } } }')))).toEqual(['a2']);
  });

  test('is refused to those who may see none of it, whatever there is', async () => {
    expect(await nobody.refusal(orders)).toBe('UNAUTHENTICATED');
    expect(await operator.refusal(orders)).toBe('FORBIDDEN');
    expect(await shop.as(await shop.issuer.token('ada')).refusal(orders)).toBe('FORBIDDEN');
    const operators = ['projections { name }', 'processManagers { name }', 'head'];
    for (const field of ['salesByCountry { country }', 'dailySales { day }', ...operators])
      expect(await ada.refusal(`{ ${field} }`)).toBe('FORBIDDEN');
    const retry = 'mutation { retryParked(projection: "process:fulfilment") { asked } }';
    expect(await ada.refusal(retry)).toBe('FORBIDDEN');
    expect(await operator.data(retry)).toEqual({ retryParked: { asked: 0 } });
    expect(await staff.data('{ salesByCountry { orders } }')).toEqual({ salesByCountry: [{ orders: 4 }] });
    expect((await operator.data('{ projections { name } head }')).projections).toHaveLength(5);
  });
});

describe('by key', () => {
  test('what is hidden reads like what is not there', async () => {
    const order = (id: string) => ada.reply(`{ order(id: "${id}") { id } }`);
    expect((await order('a1')).body).toEqual({ data: { order: { id: 'a1' } } });
    expect((await order('g1')).body).toEqual((await order('no such order')).body);
    expect((await ada.data('{ user(id: "grace") { name } me: user(id: "ada") { name } }')).user).toBeNull();
  });

  test('an order as it was is read under the same rule', async () => {
    const past = (id: string) => `{ order(id: "${id}", asOf: { version: 1 }) { id } }`;
    expect(await ada.data(past('a1'))).toEqual({ order: { id: 'a1' } });
    expect(await ada.data(past('g1'))).toEqual({ order: null });
    expect(await staff.data(past('g1'))).toEqual({ order: { id: 'g1' } });
  });

  test('the past of rows, their history and their differences are under it too', async () => {
    const asOf = 'asOf: { position: "100" }';
    const past = `{ orders(${asOf}) { nodes { id } pageInfo { hasNextPage } } }`;
    const { head } = await operator.data('{ head }');
    const then = past.replace('100', head);
    expect(idsOf(await ada.data(then))).toEqual(['a1', 'a2']);
    expect((await grace.data(then.replace('(', '(first: 1, '))).orders).toMatchObject({
      nodes: [{ id: 'g1' }],
      ...unpaged,
    });
    expect(idsOf(await staff.data(then))).toHaveLength(4);
    const history = (id: string) =>
      `{ orderHistory(id: "${id}", first: 1) { nodes { type notification { stream } after { id } changes { field } } pageInfo { hasNextPage } } }`;
    expect((await ada.data(history('a1'))).orderHistory.nodes).toMatchObject([
      { type: 'OrderPlaced', notification: { stream: 'Order-a1' }, after: { id: 'a1' } },
    ]);
    expect(await ada.data(history('g1'))).toEqual(await ada.data(history('no such order')));
    const diff = (id: string) =>
      `{ orderDiff(id: "${id}", from: { version: 0 }, to: { version: 1 }) { from { id } to { id } changes { field } lines { sku } } }`;
    expect((await ada.data(diff('a1'))).orderDiff).toMatchObject({
      from: null,
      to: { id: 'a1' },
      lines: [{ sku: 'TEA' }],
    });
    expect(await ada.data(diff('g1'))).toEqual(await ada.data(diff('no such order')));
    for (const query of [then, history('a1'), diff('a1')])
      expect(await operator.refusal(query)).toBe('FORBIDDEN');
  });

  test('objects below objects are under it too', async () => {
    const nested = '{ order(id: "a1") { customer { id totalSpent } } }';
    expect(await ada.data(nested)).toEqual({ order: { customer: { id: 'ada', totalSpent: '9' } } });
    // An order of Ada's whose customer is another cannot come about: so Ada's are looked at under Grace's name.
    const impostor = shop.as(
      await shop.issuer.token('ada', { roles: ['customer'], claims: { sub: 'grace' } }),
    );
    expect(await impostor.data(nested)).toEqual({ order: null });
    expect(await staff.data(nested)).toEqual({ order: { customer: { id: 'ada', totalSpent: '9' } } });
  });
});

describe('a field', () => {
  test('of a type that all may see can be for some', async () => {
    expect(await nobody.data('{ product(sku: "TEA") { name price } }')).toEqual({
      product: { name: 'Tea', price: '4.5' },
    });
    expect(await staff.data('{ product(sku: "TEA") { unitsSold } }')).toEqual({ product: { unitsSold: 4 } });
    expect(await nobody.refusal('{ product(sku: "TEA") { name unitsSold } }')).toBe('UNAUTHENTICATED');
    expect(await ada.refusal('{ product(sku: "TEA") { revenue } }')).toBe('FORBIDDEN');
  });

  test('that is hidden cannot be asked for by a filter or an order', async () => {
    const products = (args: string) => `{ products(${args}) { nodes { sku } } }`;
    for (const args of [
      'filter: { revenue: { gt: "1" } }',
      'filter: { or: [{ not: { and: [{ unitsSold: { lt: 3 } }] } }] }',
      'orderBy: { field: REVENUE }',
    ]) {
      expect(await ada.refusal(products(args))).toBe('FORBIDDEN');
      expect((await staff.data(products(args))).products.nodes).toEqual([{ sku: 'TEA' }]);
    }
    expect((await ada.data(products('filter: { price: { gt: "1" } }'))).products.nodes).toHaveLength(1);
  });

  test('that does not exist is not guessed for', async () => {
    const { message } = (await nobody.reply('{ product(sku: "TEA") { revenu } }')).body.errors?.[0] ?? {};
    expect(message).toMatch(/Cannot query field "revenu"/);
    expect(message).not.toContain('mean');
  });
});

describe('a command', () => {
  test('is for its roles', async () => {
    expect(await ada.refusal(addProduct, { input: { sku: 'X', name: 'X', price: '1' } })).toBe('FORBIDDEN');
    expect(await nobody.refusal(addProduct, { input: { sku: 'X', name: 'X', price: '1' } })).toBe(
      'UNAUTHENTICATED',
    );
    const ship = 'mutation { shipOrder(input: { orderId: "a1", carrier: "DHL" }) { order { id } } }';
    expect(await ada.refusal(ship)).toBe('FORBIDDEN');
    expect(await staff.refusal(ship)).toBe('ORDER_NOT_PAID');
    expect(await operator.refusal(placeOrder, { input: { lines } })).toBe('FORBIDDEN');
  });

  test('that a customer gives is for that customer', async () => {
    expect(await ada.refusal(placeOrder, { input: { customerId: 'grace', lines } })).toBe('FORBIDDEN');
    expect(await ada.refusal(placeOrder, { input: { customerId: 'no such user', lines } })).toBe('FORBIDDEN');
    expect(await ada.refusal(placeOrder, { input: { lines } })).toBe('FORBIDDEN');
    const email =
      'mutation ($id: ID!) { changeEmail(input: { userId: $id, email: "a@example.com" }) { user { email } } }';
    expect(await ada.refusal(email, { id: 'grace' })).toBe('FORBIDDEN');
    expect(await ada.data(email, { id: 'ada' })).toEqual({
      changeEmail: { user: { email: 'a@example.com' } },
    });
    expect(await ada.refusal(registerUser, { input: { id: 'alan', name: 'Alan' } })).toBe('FORBIDDEN');
  });

  test('on an order of another is answered as if there were no such order', async () => {
    for (const mutation of [payOrder, cancelOrder]) {
      const answer = async (orderId: string) => {
        const error = (await ada.reply(mutation, { input: { orderId } })).body.errors?.[0];
        return {
          ...error,
          message: error?.message.replace(orderId, '…'),
          extensions: { ...error?.extensions, correlationId: '' },
        };
      };
      const hidden = await answer('g1');
      expect(hidden.extensions).toMatchObject({ code: 'COMMAND_REJECTED', reason: 'UNKNOWN_ORDER' });
      expect(hidden).toEqual(await answer('no-such-order'));
    }
    const badReason = (orderId: string) =>
      ada.refusal(cancelOrder, { input: { orderId, reason: 'x'.repeat(501) } });
    expect(await badReason('g1')).toBe(await badReason('no-such-order'));
    const takeBack =
      'mutation ($orderId: ID!) { returnItems(input: { customerId: "ada", orderId: $orderId, lines: [{ sku: "TEA", quantity: 1 }] }) { return { customer { id } order { id } } } }';
    expect(await ada.refusal(takeBack, { orderId: 'g1' })).toBe('UNKNOWN_ORDER');
    expect(await ada.data(takeBack, { orderId: 'a2' })).toEqual({
      returnItems: { return: { customer: { id: 'ada' }, order: { id: 'a2' } } },
    });
    expect(await staff.data('{ order(id: "g1") { status } }')).toEqual({ order: { status: 'PLACED' } });
  });

  test('takes no input field that is for others', async () => {
    const cheap = [{ sku: 'TEA', quantity: 1, unitPrice: '0.01' }];
    expect(await ada.refusal(placeOrder, { input: { customerId: 'ada', lines: cheap } })).toBe('FORBIDDEN');
    const { placeOrder: placed } = await staff.data(placeOrder, { input: { orderId: 's1', lines: cheap } });
    expect(placed.order.total).toBe('0.01');
  });

  test('names its caller in the events', async () => {
    await ada.data(payOrder, { input: { orderId: 'a1' } });
    const { notificationLog } = await staff.data(
      '{ notificationLog(filter: { stream: "Order-a1", types: ["OrderPaid"] }) { nodes { actor } } }',
    );
    expect(notificationLog.nodes).toEqual([{ actor: 'ada' }]);
  });
});

describe('the log', () => {
  const log = '{ notificationLog(first: 1000) { nodes { type tags } pageInfo { hasNextPage } } }';

  test('has the events of the caller for customers, all for staff', async () => {
    const { nodes } = (await ada.data(log)).notificationLog;
    expect(nodes.length).toBeGreaterThan(3);
    for (const { tags } of nodes)
      expect(tags.some((tag: string) => tag === 'customer:ada' || tag === 'user:ada')).toBe(true);
    expect((await staff.data(log)).notificationLog.nodes.length).toBeGreaterThan(nodes.length);
    expect(await nobody.refusal(log)).toBe('UNAUTHENTICATED');
  });

  test('cannot be widened by a filter', async () => {
    for (const filter of [
      '{ tags: ["customer:grace"] }',
      '{ stream: "Order-g1" }',
      '{ types: ["ProductAdded"] }',
    ])
      expect(await ada.data(`{ notificationLog(filter: ${filter}) { nodes { type } } }`)).toEqual({
        notificationLog: { nodes: [] },
      });
  });

  test('is paged among the events of the caller', async () => {
    const page = (first: number) =>
      `{ notificationLog(first: ${first}) { nodes { type } pageInfo { hasNextPage } } }`;
    expect((await ada.data(page(2))).notificationLog).toEqual({
      nodes: [{ type: 'UserRegistered' }, { type: 'OrderPlaced' }],
      pageInfo: { hasNextPage: true },
    });
  });

  test('tells a customer live of its own events', async () => {
    const frames = shop
      .client(adasToken)
      .iterate({ query: 'subscription { notifications(after: "0") { stream tags } }' });
    const count = (await ada.data(log)).notificationLog.nodes.length;
    for (let n = 0; n < count; n += 1) await frames.next();
    await grace.data(placeOrder, { input: { orderId: 'g2', customerId: 'grace', lines } });
    await ada.data(placeOrder, { input: { orderId: 'a3', customerId: 'ada', lines } });
    expect((await frames.next()).value?.data).toMatchObject({ notifications: { stream: 'Order-a3' } });
    await frames.return?.();
  });
});

describe('a live field', () => {
  const live = 'subscription { orders { kind upserted { id status customer { id } } removed live } }';

  test('shows a customer its own rows, and nothing happens for those of others', async () => {
    const frames = shop.client(adasToken).iterate({ query: live });
    // biome-ignore lint/suspicious/noExplicitAny: a frame's shape is the query's.
    const next = async () => ((await frames.next()).value as any).data.orders;
    const snapshot = await next();
    const own = idsOf(await ada.data(orders));
    expect(snapshot.upserted.map(({ id }: { id: string }) => id)).toEqual(own);
    await grace.data(cancelOrder, { input: { orderId: 'g1' } });
    await ada.data(cancelOrder, { input: { orderId: 'a2' } });
    expect(await next()).toMatchObject({
      kind: 'DELTA',
      upserted: [{ id: 'a2', status: 'CANCELLED', customer: { id: 'ada' } }],
      removed: [],
    });
    await frames.return?.();
  });

  test('is refused to those who may see none of it', async () => {
    for (const [token, code] of [
      [undefined, 'UNAUTHENTICATED'],
      [await shop.issuer.token('olga', { roles: ['operator'] }), 'FORBIDDEN'],
    ] as const)
      for (const query of [live, 'subscription { dailySales { kind } }', 'subscription { users { kind } }']) {
        const { value } = await shop.client(token).iterate({ query }).next();
        expect(value?.errors?.[0]).toMatchObject({ extensions: { code } });
      }
  });

  test('over server-sent events has the same rules', async () => {
    const stream = await shop.events(adasToken, live);
    const first = JSON.parse((await stream.next())?.data ?? '');
    expect(idsOf({ orders: { nodes: first.data.orders.upserted } })).toEqual(idsOf(await ada.data(orders)));
    stream.leave();
  });
});

test('a token that is not to be believed is refused whole, with 401', async () => {
  const { status, body } = await shop.as('abc').reply('{ product(sku: "TEA") { sku } }');
  expect([status, body.data]).toEqual([401, undefined]);
  expect(await shop.as(await shop.issuer.token('ada', { expiresIn: -60 })).refusal('{ head }')).toBe(
    'UNAUTHENTICATED',
  );
});
