/** The kitchen alone; the orders' log is behind the GraphQL endpoint of the Livefold that has it. */
import { openRemoteLog, runSystem } from 'livefold';
import { openSqlitePersistence } from 'livefold/sqlite';
import { restaurant } from './restaurant.ts';

export async function startKitchen(url: string, { file, token }: { file: string; token: () => string }) {
  await using starting = new AsyncDisposableStack();
  const persistence = starting.use(await openSqlitePersistence({ path: file }));
  const { bell } = starting.use(persistence.watch());
  const log = starting.use(openRemoteLog({ url, headers: () => ({ authorization: `Bearer ${token()}` }) }));
  const running = starting.use(
    runSystem(restaurant, { places: { Orders: { log }, Kitchen: { persistence, bell } } }),
  );
  const started = starting.move();
  return { persistence, done: running.done, stop: () => started.disposeAsync() };
}
