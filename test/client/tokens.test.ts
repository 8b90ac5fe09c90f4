import { expect, test, vi } from 'vitest';
import { createLiveTransport, eventStream, type Frame, type Transport } from '../../src/client.ts';
import { GuardedShop } from '../app/guarded-shop.ts';
import { observed } from './observed.ts';
import { Taken } from './scripted-transport.ts';

const query = 'subscription { orders { upserted { id } } }';
const waiting = { timeout: 20_000, interval: 50 };
/** More seconds than a token counts. */
const aDayAndMore = 100_000;

/** Watches the orders with a caller's tokens over both transports. */
function watch(shop: GuardedShop, token: () => Promise<string>) {
  const transports: readonly Transport[] = [
    shop.client(token, { retryAttempts: 0 }),
    eventStream({
      url: shop.graphql,
      headers: async () => ({ authorization: `Bearer ${await token()}` }),
    }),
  ];
  return transports.map((transport) => {
    const kinds: unknown[] = [];
    const taken = new Taken();
    const seen = observed(transport, ({ data }) => {
      const frame = data?.orders as Frame | undefined;
      if (frame !== undefined) kinds.push(frame.kind);
    });
    const leave = createLiveTransport({ transport: seen }).subscribe({ query }, taken);
    return { kinds, taken, leave, ids: () => idsIn(taken) };
  });
}

function idsIn({ results }: Taken): unknown {
  const frame = results.at(-1)?.data?.orders as Frame | undefined;
  return frame?.upserted.map(({ id }) => id);
}

async function openShop() {
  const shop = await GuardedShop.serve();
  const fresh = () => shop.issuer.token('ada', { roles: ['staff'] });
  const ada = async () => shop.as(await fresh());
  await (await ada()).data(
    'mutation { addProduct(input: { sku: "TEA", name: "Tea", price: "4.50" }) { receipt { position } } }',
  );
  const place = async (orderId: string): Promise<void> => {
    await (await ada()).data(
      'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { receipt { position } } }',
      { input: { orderId, lines: [{ sku: 'TEA', quantity: 1 }] } },
    );
  };
  return { shop, fresh, place };
}

test('a caller whose token ends goes on where it was with the next one, over both transports', async () => {
  const opened = await openShop();
  await using shop = opened.shop;
  const token = vi.fn(opened.fresh);
  const watchers = watch(shop, token);
  await opened.place('a');
  for (const { ids } of watchers) await vi.waitFor(() => expect(ids()).toEqual(['a']), waiting);
  expect(token).toHaveBeenCalledTimes(2);

  shop.issuer.ahead += aDayAndMore;
  await vi.waitFor(() => expect(token.mock.calls.length).toBe(4), waiting);
  await opened.place('b');
  for (const { ids, kinds, taken, leave } of watchers) {
    await vi.waitFor(() => expect(ids()).toEqual(['a', 'b']), waiting);
    expect(kinds.filter((kind) => kind === 'SNAPSHOT')).toHaveLength(1);
    expect(taken).toMatchObject({ errors: [], completions: 0 });
    leave();
  }
});

test('a caller who has no other token is told so', async () => {
  const opened = await openShop();
  await using shop = opened.shop;
  const token = await opened.fresh();
  const [socket, stream] = watch(shop, () => Promise.resolve(token));
  await vi.waitFor(() => expect([socket?.ids(), stream?.ids()]).toEqual([[], []]), waiting);
  shop.issuer.ahead += aDayAndMore;
  await vi.waitFor(() => expect(socket?.taken.errors).toMatchObject([{ code: 4403 }]), waiting);
  const unauthenticated = [[{ extensions: { code: 'UNAUTHENTICATED' } }]];
  await vi.waitFor(() => expect(stream?.taken.errors).toMatchObject(unauthenticated), waiting);
});
