import { buildSchema, printSchema } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ItemsReturned,
  OrderCancelled,
  OrderPaid,
  OrderPlaced,
  OrderRefunded,
  OrderShipped,
} from '../../src/app/orders/order-events.ts';
import {
  ProductAdded,
  Restocked,
  StockRefused,
  StockReleased,
  StockReserved,
} from '../../src/app/products/product-events.ts';
import { shop as definition } from '../../src/app/shop.ts';
import { EmailChanged, UserForgotten, UserRegistered } from '../../src/app/users/user-events.ts';
import type { NewEvent } from '../../src/domain/event.ts';
import { buildBackendSchema } from '../../src/graphql/build-schema.ts';
import { createId } from '../../src/kernel/ids.ts';
import { openEventStream } from '../graphql/event-source.ts';
import { selectEvent, withoutAliases } from '../graphql/events/read-typed.ts';
import { forgetUser } from './operations.ts';
import { type ServedShop, serveShop } from './served-shop.ts';

const [orderId, customerId, sku, country] = ['o1', 'ada', 'TEA', 'Norway'];
const lines = [{ sku, name: 'Tea', quantity: 2, unitPrice: '4.5', amount: '9' }];
const sale = { orderId, customerId, country, lines, total: '9' };
const units = [{ sku, quantity: 2 }];

/** Where a command that comes later finds them. */
function streamFor({ type, data }: NewEvent): string {
  return typeof data === 'object' && data !== null && 'userId' in data
    ? `User-${data.userId}`
    : `Test-${type}`;
}

/** One of each; what they bring about comes behind them. */
const events: readonly NewEvent[] = [
  UserRegistered({ userId: 'ada', email: 'ada@example.org', name: 'Ada', country }),
  EmailChanged({ userId: 'ada', email: 'lovelace@example.org', previous: 'ada@example.org' }),
  UserRegistered({ userId: 'bob', email: null, name: 'Bob', country: null }),
  UserForgotten({ userId: 'bob' }),
  ProductAdded({ sku, name: 'Tea', price: '4.50', stock: 10 }),
  Restocked({ sku, quantity: 5 }),
  OrderPlaced({ ...sale, needsStock: false }),
  OrderPlaced({ ...sale, orderId: 'o2', customerId: null, country: null, needsStock: false }),
  StockReserved({ orderId, units }),
  StockRefused({ orderId, units: [] }),
  StockReleased({ orderId, units }),
  OrderPaid({ orderId, customerId, total: '9' }),
  OrderShipped({ orderId, customerId, carrier: 'DHL' }),
  OrderCancelled({ ...sale, placedOn: '2010-12-01', reason: null }),
  OrderRefunded({ orderId, customerId, amount: '9', reason: 'OUT_OF_STOCK' }),
  ItemsReturned({ returnId: 'r1', orderId: null, customerId: null, country: null, lines, total: '9' }),
];

const fields = `position type data event ${selectEvent(buildSchema(printSchema(buildBackendSchema(definition))))}`;
const log = `{ notificationLog(first: 30) { nodes { ${fields} } } }`;
const live = `subscription ($after: Position!) { notifications(after: $after) { ${fields} } }`;

// biome-ignore lint/suspicious/noExplicitAny: each event type has its own shape.
type Shown = { readonly position: string; readonly type: string; readonly data: any; readonly event: any };

let shop: ServedShop;
beforeAll(async () => {
  shop = await serveShop();
  for (const event of events)
    await shop.backend.store.append({
      events: [
        {
          ...{ ...event, id: createId(), stream: streamFor(event), occurredAt: new Date() },
          ...{ correlationId: null, causationId: null, actor: null, tenant: null, metadata: null },
        },
      ],
    });
});
afterAll(() => shop[Symbol.asyncDispose]());

const readLog = async (): Promise<readonly Shown[]> => (await shop.data(log)).notificationLog.nodes;

/** A typed event as its data would be. */
function dataOf({ type, event }: Shown): unknown {
  expect(event.__typename).toBe(type);
  return withoutAliases(event);
}

const isAboutBob = ({ data }: Shown): boolean => data.name === 'Forgotten user';

test('every event of the shop is shown typed, over HTTP, WebSocket and SSE, and says what its data says', async () => {
  const nodes = await readLog();
  expect(new Set(nodes.map(({ type }) => type))).toEqual(new Set(definition.events.map(({ type }) => type)));
  for (const node of nodes.filter((one) => !isAboutBob(one))) expect(dataOf(node)).toEqual(node.data);

  const count = events.length;
  const frames = shop.watch(live, { after: '0' });
  const sent: Shown[] = [];
  while (sent.length < count) sent.push((await frames.next()).value.notifications);
  await frames.return?.();
  expect(sent).toEqual(nodes.slice(0, count));

  const stream = await openEventStream(shop.graphql, { query: live, variables: { after: '0' } });
  const streamed: Shown[] = [];
  while (streamed.length < count) {
    const next = await stream.next();
    streamed.push(JSON.parse(next?.data ?? '').data.notifications);
  }
  stream.leave();
  expect(streamed).toEqual(nodes.slice(0, count));
});

test('whoever is forgotten is null in the typed event, whose data reads as it says', async () => {
  const before = await readLog();
  const [ada, changed, bob] = before;
  expect(bob?.data).toEqual({ userId: 'bob', email: null, name: 'Forgotten user', country: null });
  expect(bob && dataOf(bob)).toEqual({ userId: 'bob', email: null, name: null, country: null });
  expect([ada?.event.UserRegistered_name, changed?.event.previous]).toEqual(['Ada', 'ada@example.org']);
  // A subscriber that holds the log in memory lets go too.
  const frames = shop.watch(live, { after: '0' });
  await frames.next();
  await shop.data(forgetUser, { input: { userId: 'ada' } });
  const [first, second] = await readLog();
  expect(first && dataOf(first)).toEqual({ userId: 'ada', email: null, name: null, country: null });
  expect(second && dataOf(second)).toEqual({ userId: 'ada', email: null, previous: null });
  expect(second?.data.email).toBe('');
  await frames.return?.();
  const again = shop.watch(live, { after: '0' });
  expect((await again.next()).value.notifications).toEqual(first);
  await again.return?.();
});

test('a client asks for the types that it wants by their names', async () => {
  const query = `{ notificationLog(filter: { types: ["OrderPlaced", "ProductAdded"] }) { nodes { event {
    __typename ... on OrderPlaced { orderId lines { sku quantity } total } ... on ProductAdded { sku price } } } } }`;
  const { notificationLog } = await shop.data(query);
  expect(notificationLog.nodes.slice(0, 2)).toEqual([
    { event: { __typename: 'ProductAdded', sku, price: '4.5' } },
    { event: { __typename: 'OrderPlaced', orderId, lines: [{ sku, quantity: 2 }], total: '9' } },
  ]);
});
