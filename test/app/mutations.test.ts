import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Product } from '../../src/app/products/product.ts';
import { createId } from '../../src/kernel/ids.ts';
import {
  addProduct,
  cancelOrder,
  changeEmail,
  payOrder,
  placeOrder,
  registerUser,
  returnItems,
} from './operations.ts';
import { type ServedShop, serveShop } from './served-shop.ts';

let shop: ServedShop;
beforeAll(async () => {
  shop = await serveShop();
  await shop.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
});
afterAll(() => shop[Symbol.asyncDispose]());

const tea = (quantity: number, unitPrice?: string) => ({ sku: 'TEA', quantity, unitPrice });
const head = async (): Promise<number> => shop.backend.log.head();

describe('a mutation', () => {
  test('shows what it did, never older than its receipt', async () => {
    for (let n = 0; n < 20; n += 1) {
      const { placeOrder: placed } = await shop.data(placeOrder, { input: { lines: [tea(1)] } });
      expect(placed.order.status).toBe('PLACED');
      const orderId = placed.order.id;
      const { cancelOrder: cancelled } = await shop.data(cancelOrder, { input: { orderId, reason: `${n}` } });
      expect(cancelled.order).toMatchObject({ status: 'CANCELLED', cancelReason: `${n}` });
      expect(cancelled.receipt).toMatchObject({ stream: `Order-${orderId}`, version: 2, duplicate: false });
    }
  });

  test('shows the customer as the order left them', async () => {
    const { registerUser: registered } = await shop.data(registerUser, {
      input: { name: 'Ada', country: 'France' },
    });
    const customerId = registered.user.id;
    for (let orderCount = 1; orderCount <= 5; orderCount += 1) {
      const { placeOrder: placed } = await shop.data(placeOrder, {
        input: { customerId, lines: [tea(2, '0.0001')] },
      });
      expect(placed.order.customer).toEqual({
        id: customerId,
        orderCount,
        totalSpent: String((orderCount * 2) / 10_000),
      });
    }
  });

  test('looks up the name and the price of its lines', async () => {
    const { placeOrder: placed } = await shop.data(placeOrder, {
      input: { lines: [tea(2), tea(3, '0.3333')] },
    });
    expect(placed.order).toMatchObject({
      total: '9.9999',
      customer: null,
      lines: [
        { sku: 'TEA', name: 'Tea', quantity: 2, unitPrice: '4.5', amount: '9' },
        { sku: 'TEA', name: 'Tea', quantity: 3, unitPrice: '0.3333', amount: '0.9999' },
      ],
    });
  });

  test('takes goods of an order back from its customer', async () => {
    const { registerUser: registered } = await shop.data(registerUser, { input: { name: 'Grace' } });
    const { placeOrder: placed } = await shop.data(placeOrder, {
      input: { customerId: registered.user.id, lines: [tea(2)] },
    });
    const { returnItems: returned } = await shop.data(returnItems, {
      input: { orderId: placed.order.id, lines: [tea(1)] },
    });
    expect(returned.return).toMatchObject({
      total: '4.5',
      customer: { id: registered.user.id },
      order: { id: placed.order.id },
    });
  });

  test.each([
    ['of an unknown product', placeOrder, { lines: [{ sku: 'NONE', quantity: 1 }] }, 'UNKNOWN_PRODUCT'],
    ['of an unknown customer', placeOrder, { customerId: 'nobody', lines: [tea(1)] }, 'UNKNOWN_USER'],
    ['without lines', placeOrder, { lines: [] }, 'BAD_USER_INPUT'],
    ['of a negative quantity', placeOrder, { lines: [tea(-1)] }, 'BAD_USER_INPUT'],
    ['of nothing', placeOrder, { lines: [tea(0)] }, 'BAD_USER_INPUT'],
    ['at a negative price', placeOrder, { lines: [tea(1, '-1')] }, 'BAD_USER_INPUT'],
    ['at a price of five decimals', placeOrder, { lines: [tea(1, '0.00001')] }, 'BAD_USER_INPUT'],
    ['at a price that is no number', placeOrder, { lines: [tea(1, 'NaN')] }, 'BAD_USER_INPUT'],
    [
      'with a name that no database can hold',
      placeOrder,
      { lines: [{ sku: '\0', quantity: 1 }] },
      'BAD_USER_INPUT',
    ],
    [
      'under an id that no database can hold',
      placeOrder,
      { orderId: '\0', lines: [tea(1)] },
      'BAD_USER_INPUT',
    ],
    ['of an unknown order', payOrder, { orderId: 'none' }, 'UNKNOWN_ORDER'],
    ['of goods of an unknown order', returnItems, { orderId: 'none', lines: [tea(1)] }, 'UNKNOWN_ORDER'],
  ])('%s is refused and stores nothing', async (_, mutation, input, code) => {
    const before = await head();
    expect(await shop.refusal(mutation, { input })).toBe(code);
    expect(await head()).toBe(before);
  });
});

describe('the same command id', () => {
  test('with the same input gives the same order, though its id and its price are made up', async () => {
    const id = createId();
    const input = { lines: [tea(2)] };
    const { placeOrder: first } = await shop.data(placeOrder, { input, id });
    const before = await head();
    const { placeOrder: again } = await shop.data(placeOrder, { input, id });
    expect(again).toEqual({ receipt: { ...first.receipt, duplicate: true }, order: first.order });
    expect(await head()).toBe(before);
  });

  test('sent many times at once happens once', async () => {
    const id = createId();
    const input = { lines: [tea(1)] };
    const before = await head();
    const replies = await Promise.all(Array.from({ length: 12 }, () => shop.data(placeOrder, { input, id })));
    expect(new Set(replies.map(({ placeOrder: { order } }) => order.id)).size).toBe(1);
    expect(replies.filter(({ placeOrder: { receipt } }) => !receipt.duplicate)).toHaveLength(1);
    expect(await head()).toBe(before + 1);
  });

  test('with another input is refused', async () => {
    const id = createId();
    await shop.data(placeOrder, { input: { lines: [tea(1)] }, id });
    expect(await shop.refusal(placeOrder, { input: { lines: [tea(2)] }, id })).toBe('COMMAND_ID_REUSED');
    expect(await shop.refusal(registerUser, { input: { name: 'Ada' }, id })).toBe('COMMAND_ID_REUSED');
  });

  test('makes one user, one product, one return', async () => {
    for (const [mutation, input, field] of [
      [registerUser, { name: 'Ada' }, 'registerUser'],
      [addProduct, { sku: createId(), name: 'Mug', price: '1' }, 'addProduct'],
      [returnItems, { lines: [tea(1)] }, 'returnItems'],
    ] as const) {
      const id = createId();
      const first = (await shop.data(mutation, { input, id }))[field];
      const again = (await shop.data(mutation, { input, id }))[field];
      expect(again).toEqual({ ...first, receipt: { ...first.receipt, duplicate: true } });
    }
  });
});

describe('an email address', () => {
  test('that many register at once belongs to one', async () => {
    const replies = await Promise.all(
      Array.from({ length: 16 }, (_, n) =>
        shop.reply(registerUser, {
          input: { name: `${n}`, email: n % 2 === 0 ? 'One@example.com' : 'one@EXAMPLE.com' },
        }),
      ),
    );
    const winners = replies.filter(({ body }) => body.errors === undefined);
    expect(winners).toHaveLength(1);
    expect(
      replies.flatMap(({ body }) => body.errors ?? []).map(({ extensions }) => extensions.reason),
    ).toEqual(Array(15).fill('EMAIL_TAKEN'));
  });

  test('that one user gives up another one can take', async () => {
    const { registerUser: first } = await shop.data(registerUser, {
      input: { name: 'Ada', email: 'old@example.com' },
    });
    const { registerUser: second } = await shop.data(registerUser, { input: { name: 'Grace' } });
    const take = { input: { userId: second.user.id, email: 'OLD@example.com' } };
    expect(await shop.refusal(changeEmail, take)).toBe('EMAIL_TAKEN');
    await shop.data(changeEmail, { input: { userId: first.user.id, email: 'new@example.com' } });
    const { changeEmail: changed } = await shop.data(changeEmail, take);
    expect(changed.user).toEqual({ id: second.user.id, email: 'old@example.com' });
  });
});

describe('atLeast', () => {
  const order = 'query ($id: ID!, $atLeast: Position) { order(id: $id, atLeast: $atLeast) { status } }';

  const row = 'query ($sku: ID!, $atLeast: Position) { product(sku: $sku, atLeast: $atLeast) { sku } }';
  const rows =
    'query ($filter: ProductFilter, $atLeast: Position) { products(filter: $filter, atLeast: $atLeast) { nodes { sku } } }';

  test('reads what was written elsewhere', async () => {
    await using other = await serveShop({ databaseUrl: shop.databaseUrl });
    for (let n = 0; n < 10; n += 1) {
      const { placeOrder: placed } = await shop.data(placeOrder, { input: { lines: [tea(1)] } });
      const atLeast = placed.receipt.position;
      expect(await other.data(order, { id: placed.order.id, atLeast })).toEqual({
        order: { status: 'PLACED' },
      });
    }
  });

  test('reads what an import beside it writes, in one row and in a list', async () => {
    await using other = await serveShop({ databaseUrl: shop.databaseUrl });
    for (let n = 0; n < 10; n += 1) {
      const sku = createId();
      // Straight to the log: this process's own tables may be behind it as well.
      const added = await shop.backend.execute(Product.commands.add(sku, { sku, name: 'Cup', price: '1' }));
      const atLeast = String(added.position);
      const [one, list] = await Promise.all([
        shop.data(row, { sku, atLeast }),
        other.data(rows, { filter: { sku: { eq: sku } }, atLeast }),
      ]);
      expect([one, list]).toEqual([{ product: { sku } }, { products: { nodes: [{ sku }] } }]);
    }
  });

  test('beyond the head is refused', async () => {
    expect(await shop.refusal(order, { id: '1', atLeast: String((await head()) + 1) })).toBe(
      'BAD_USER_INPUT',
    );
  });

  test('of a projection that is held up names it', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: locked, resolve: lock } = Promise.withResolvers<void>();
    const holding = shop.backend.database.session.transaction(async (transaction) => {
      await transaction.execute(sql`lock table orders in share mode`);
      lock();
      await released;
    });
    await locked;
    const pending = shop.reply(placeOrder, { input: { orderId: 'held', lines: [tea(1)] } });
    const { body } = await pending;
    release();
    await holding;
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'PROJECTION_LAGGING', projection: 'orders' });
    // The command was carried out all the same.
    const atLeast = body.errors?.[0]?.extensions.atLeast;
    expect(await shop.data(order, { id: 'held', atLeast })).toEqual({ order: { status: 'PLACED' } });
  });
});
