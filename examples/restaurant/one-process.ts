/** Both applications in this process, each with a log in a file of its own: `node one-process.ts FOLDER`. */
import { join } from 'node:path';
import { runSystem } from 'livefold';
import { openSqlitePersistence } from 'livefold/sqlite';
import { Order, Orders, restaurant } from './restaurant.ts';

const [folder = '.'] = process.argv.slice(2);

// Disposed in the other order: first the system, then the files.
await using closing = new AsyncDisposableStack();
async function inFile(name: string) {
  const persistence = closing.use(await openSqlitePersistence({ path: join(folder, name) }));
  return { persistence, bell: closing.use(persistence.watch()).bell };
}
const places = { Orders: await inFile('orders.sqlite'), Kitchen: await inFile('kitchen.sqlite') };
const running = closing.use(runSystem(restaurant, { places }));

const order = String(Date.now());
await running.open(Orders).execute(Order.commands.place(order, { order, meals: ['soup'] }));

const { repository } = running.open(Orders);
const { bell } = places.Orders;
for (let status = 'placed'; status !== 'served'; ) {
  const seen = bell.rings;
  ({ status } = (await repository.loadFresh(Order, order)).state);
  if (status !== 'served') await bell.wait(seen, { timeout: 1_000 });
}
const events = await places.Orders.persistence.events.head();
console.log(`Order ${order} is served; the orders' log has ${events} events.`);
