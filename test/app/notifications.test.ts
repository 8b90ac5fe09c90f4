import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addProduct, payOrder, placeOrder, registerUser } from './operations.ts';
import { type ServedShop, serveShop } from './served-shop.ts';

const log = `query ($after: Position, $before: Position, $first: Int, $filter: NotificationFilter) {
  notificationLog(after: $after, before: $before, first: $first, filter: $filter) { nodes { position type stream version tags data } pageInfo { hasNextPage hasPreviousPage endCursor } }
}`;
const live =
  'subscription ($after: Position, $filter: NotificationFilter) { notifications(after: $after, filter: $filter) { position type } }';

let shop: ServedShop;
beforeAll(async () => {
  shop = await serveShop();
  await shop.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  await shop.data(registerUser, { input: { id: 'ada', name: 'Ada' } });
  for (let n = 1; n <= 8; n += 1) {
    const customerId = n % 2 === 0 ? 'ada' : undefined;
    await shop.data(placeOrder, {
      input: { orderId: `o${n}`, customerId, lines: [{ sku: 'TEA', quantity: n }] },
    });
  }
});
afterAll(() => shop[Symbol.asyncDispose]());

type Notification = { readonly position: string; readonly type: string };

async function read(variables: object) {
  const { notificationLog } = await shop.data(log, variables);
  return notificationLog;
}
const positionsOf = (nodes: readonly Notification[]): readonly number[] =>
  nodes.map(({ position }) => Number(position));

async function take(
  frames: AsyncIterator<{ notifications: Notification }>,
  count: number,
): Promise<readonly Notification[]> {
  const taken: Notification[] = [];
  while (taken.length < count) taken.push((await frames.next()).value.notifications);
  await frames.return?.();
  return taken;
}

describe('the log', () => {
  test('is read page by page, each behind the last', async () => {
    const first = await read({ first: 4 });
    expect(positionsOf(first.nodes)).toEqual([1, 2, 3, 4]);
    expect(first.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, endCursor: '4' });
    const last = await read({ first: 6, after: '4', before: '11' });
    expect(positionsOf(last.nodes)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(last.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, endCursor: '10' });
  });

  test('is filtered by any of the types, all of the tags, and the stream', async () => {
    const { nodes } = await read({
      filter: { types: ['OrderPlaced', 'UserRegistered'], tags: ['customer:ada'] },
      before: '11',
    });
    expect(nodes.map(({ stream }: { stream: string }) => stream)).toEqual([
      'Order-o2',
      'Order-o4',
      'Order-o6',
      'Order-o8',
    ]);
    const stream = await read({ filter: { stream: 'Order-o3' } });
    expect(stream.nodes).toMatchObject([
      { type: 'OrderPlaced', version: 1, data: { orderId: 'o3', total: '13.5' } },
    ]);
    expect((await read({ filter: { types: [] } })).nodes).toEqual([]);
  });

  test.each([
    ['behind the head', { after: '99999' }],
    ['of a negative size', { first: -1 }],
    ['of more than a thousand', { first: 1_001 }],
    ['behind what is no position', { after: 'x' }],
    ['of a stream that no database can hold', { filter: { stream: '\0' } }],
  ])('a page %s is refused', async (_, variables) => {
    expect(await shop.refusal(log, variables)).toBe('BAD_USER_INPUT');
  });
});

describe('notifications', () => {
  test('come from behind a position, backlog and new ones in one order', async () => {
    const frames = take(shop.watch(live, { after: '3' }), 8);
    const { payOrder: paid } = await shop.data(payOrder, { input: { orderId: 'o1' } });
    expect(paid.order.status).not.toBe('PLACED');
    expect(positionsOf(await frames)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test('of a filter come alone', async () => {
    const frames = take(shop.watch(live, { after: '0', filter: { tags: ['customer:ada'] } }), 4);
    expect(positionsOf(await frames)).toEqual([4, 6, 8, 10]);
  });

  test('without a position are the new ones only', async () => {
    const frames = shop.watch(live, { filter: { types: ['UserRegistered'] } });
    const next = take(frames, 1);
    // The subscription may start behind the first of these, never behind all of them.
    const registering = (async () => {
      for (let n = 0; n < 200; n += 1) await shop.data(registerUser, { input: { name: `${n}` } });
    })();
    const [first] = await next;
    await registering;
    expect(Number(first?.position)).toBeGreaterThan(11);
  });

  test('beyond the head are refused', async () => {
    await expect(shop.watch(live, { after: '99999' }).next()).rejects.toThrow('BAD_USER_INPUT');
  });
});

test('the projections say how far they are', async () => {
  const { projections } = await shop.data('{ projections { name position head lag status lastError } }');
  expect(projections.map(({ name }: { name: string }) => name)).toEqual([
    'users',
    'products',
    'orders',
    'dailySales',
    'salesByCountry',
  ]);
  for (const { position, head, lag, status, lastError } of projections) {
    expect([Number(head) - Number(position), status, lastError]).toEqual([
      lag,
      expect.stringMatching(/LIVE|CATCHING_UP/),
      null,
    ]);
  }
});
