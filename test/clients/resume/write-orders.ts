import type { Storm } from './storm.ts';

/** Whom and what all else is about. */
export async function openShop(storm: Storm): Promise<void> {
  await storm.send('addProduct', { sku: 'TEA', name: 'Tea', price: '4.50' });
  await storm.send('addProduct', { sku: 'POT', name: 'Pot', price: '20', stock: 10_000 });
  for (const [id, country] of [
    ['ada', 'Norway'],
    ['bob', 'Chile'],
  ])
    await storm.send('registerUser', { id, name: id, email: `${id}@example.com`, country });
}

/** Orders that are placed, paid, shipped, cancelled, sent back; users and countries that come, countries that go again. */
export async function writeRound(storm: Storm, round: string): Promise<void> {
  const pick = <Item>(...items: readonly Item[]): Item | undefined =>
    items[Math.floor(storm.random() * items.length)];
  const place = (orderId: string, customerId?: string): Promise<void> =>
    storm.send('placeOrder', { orderId, customerId, lines: [{ sku: pick('TEA', 'POT'), quantity: 1 }] });
  await Promise.all([
    place(`${round}-a`, 'ada'),
    place(`${round}-b`, pick('ada', 'bob')),
    place(`${round}-c`),
  ]);
  await Promise.all([
    storm.send('payOrder', { orderId: `${round}-a` }),
    storm.send(pick('payOrder', 'cancelOrder') ?? '', { orderId: `${round}-b` }),
    storm.send('restock', { sku: 'POT', quantity: 1 }),
  ]);
  const id = `user-${round}`;
  await storm.send('registerUser', { id, name: id, email: `${id}@example.com`, country: `Land of ${round}` });
  await place(`${round}-d`, id);
  await Promise.all([
    storm.send('cancelOrder', { orderId: `${round}-d` }),
    storm.send('changeEmail', { userId: id, email: `${id}@example.net` }),
    storm.send('returnItems', { returnId: `return-${round}`, lines: [{ sku: 'TEA', quantity: 1 }] }),
  ]);
}
