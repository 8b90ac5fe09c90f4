import { afterAll, beforeAll, expect, test } from 'vitest';
import { OrderPlaced, OrderShipped } from '../../../src/app/orders/order-events.ts';
import { Orders } from '../../../src/app/orders/orders-projection.ts';
import { shop as definition } from '../../../src/app/shop.ts';
import type { NewEvent, PreparedEvent } from '../../../src/domain/event.ts';
import { runningProjection } from '../../../src/graphql/at-least.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { type ServedShop, serveShop } from '../served-shop.ts';

const ids = Array.from({ length: 10 }, (_, n) => `o${n}`);
/** The longest stream of which a past is folded, and the most events of a list's. */
const mostOfStream = 10_000;
const mostOfLog = 100_000;

const list =
  'query ($asOf: AsOf, $first: Int) { orders(asOf: $asOf, first: $first, orderBy: { field: ID }) { nodes { id carrier } } }';
const one = 'query ($asOf: AsOf) { order(id: "o0", asOf: $asOf) { carrier } }';
const history =
  'query ($after: String) { orderHistory(id: "o0", first: 500, after: $after) { nodes { version } pageInfo { hasNextPage } } }';
const diff =
  'query ($to: AsOf!) { orderDiff(id: "o0", from: { version: 1 }, to: $to) { changes { field to } } }';

let shop: ServedShop;
/** One event more than a list's past may have, of ten long streams; behind it one more of each. */
beforeAll(async () => {
  shop = await serveShop({
    definition: { ...definition, processManagers: [] },
  });
  for (const id of ids) {
    const shipped = Array.from({ length: id === 'o0' ? mostOfStream : mostOfStream - 1 }, (_, n) =>
      ship(id, `${n + 2}`),
    );
    const events = [place(id), ...shipped];
    for (let n = 0; n < events.length; n += 5_000)
      await shop.backend.store.append({ events: events.slice(n, n + 5_000) });
  }
  await shop.backend.store.append({ events: ids.map((id) => ship(id, 'last')) });
  await runningProjection(shop.backend, Orders.name).waitFor(await shop.backend.log.head(), {
    timeout: 60_000,
  });
});
afterAll(() => shop[Symbol.asyncDispose]());

const lines = [{ sku: 'TEA', name: 'Tea', quantity: 1, unitPrice: '1', amount: '1' }];
const place = (orderId: string) =>
  prepare(
    OrderPlaced({ orderId, customerId: null, country: null, lines, total: '1', needsStock: false }),
    orderId,
  );
const ship = (orderId: string, carrier: string) =>
  prepare(OrderShipped({ orderId, customerId: null, carrier }), orderId);

function prepare(made: NewEvent, orderId: string): PreparedEvent {
  const nobody = { correlationId: null, causationId: null, actor: null, tenant: null, metadata: null };
  return { ...made, ...nobody, id: createId(), stream: `Order-${orderId}`, occurredAt: new Date(0) };
}

const at = (position: number) => ({ asOf: { position: String(position) } });
const carriers = async (position: number) =>
  (await shop.data(list, at(position))).orders.nodes.map(({ carrier }: { carrier: string }) => carrier);

test('a list of a log that is longer than the guard allows is folded back from now', async () => {
  // One has changed since, and its stream is all that is read.
  expect(await carriers(mostOfLog + 10)).toEqual([...ids.slice(1).map(() => 'last'), '10000']);
  expect(await carriers(mostOfLog + 11)).toEqual(ids.map(() => 'last'));
});

test('where all have changed since, and too much was before, it is refused', async () => {
  const { body } = await shop.reply(list, at(mostOfLog + 1));
  expect(body.errors).toMatchObject([{ extensions: { code: 'TOO_COSTLY', mostEvents: mostOfLog } }]);
});

test('a stream is folded as far as its guard allows', async () => {
  const upTo = (version: number) => ({ asOf: { version } });
  expect((await shop.data(one, upTo(mostOfStream))).order).toEqual({ carrier: '10000' });
  expect(await shop.refusal(one, upTo(mostOfStream + 1))).toBe('TOO_COSTLY');
  expect((await shop.data(diff, { to: { version: mostOfStream } })).orderDiff.changes).toEqual([
    { field: 'status', to: 'SHIPPED' },
    { field: 'carrier', to: '10000' },
  ]);
  expect(await shop.refusal(diff, { to: { version: mostOfStream + 1 } })).toBe('TOO_COSTLY');
  const page = (await shop.data(history, { after: '9499' })).orderHistory;
  expect([page.nodes.length, page.nodes.at(-1).version, page.pageInfo.hasNextPage]).toEqual([
    500,
    9_999,
    true,
  ]);
  expect(await shop.refusal(history, { after: '9500' })).toBe('TOO_COSTLY');
});
