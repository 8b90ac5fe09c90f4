import { join } from 'node:path';
import { createMemoryPersistence } from '../../../src/adapters/memory/memory-persistence.ts';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresPersistence } from '../../../src/adapters/postgres/postgres-persistence.ts';
import { listenForAppends } from '../../../src/adapters/postgres/postgres-wake-up.ts';
import { openSqlitePersistence } from '../../../src/adapters/sqlite/sqlite-persistence.ts';
import type { Bell } from '../../../src/kernel/async.ts';
import type { Persistence } from '../../../src/persistence/persistence.ts';

/** A place with a store of this process's. */
export type OwnPlace = { readonly persistence: Persistence; readonly bell: Bell };
export type OwnPlaces = Readonly<Record<'Orders' | 'Kitchen' | 'Billing', OwnPlace>>;

export type OpenPlaces = AsyncDisposable & { readonly places: OwnPlaces };

export function memoryPlaces(): OpenPlaces {
  const open = (): OwnPlace => {
    const persistence = createMemoryPersistence();
    return { persistence, bell: persistence.bell };
  };
  const places = { Orders: open(), Kitchen: open(), Billing: open() };
  return { places, [Symbol.asyncDispose]: async () => {} };
}

/** Each application in a file of its own. */
export async function sqlitePlaces(folder: string): Promise<OpenPlaces> {
  await using opening = new AsyncDisposableStack();
  const open = async (name: string): Promise<OwnPlace> => {
    const persistence = opening.use(await openSqlitePersistence({ path: join(folder, `${name}.sqlite`) }));
    return { persistence, bell: opening.use(persistence.watch()).bell };
  };
  const places = {
    Orders: await open('orders'),
    Kitchen: await open('kitchen'),
    Billing: await open('billing'),
  };
  const opened = opening.move();
  return { places, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Each application in a schema of its own, of one database, on a pool of few connections. */
export async function postgresPlaces(url: string, connections = 3): Promise<OpenPlaces> {
  await using opening = new AsyncDisposableStack();
  const database = openDatabase(url, { connections });
  opening.defer(() => database.close());
  const open = async (schema: string): Promise<OwnPlace> => ({
    persistence: createPostgresPersistence({ database, schema }),
    bell: opening.use(await listenForAppends(url, schema)).bell,
  });
  const places = {
    Orders: await open('orders'),
    Kitchen: await open('kitchen'),
    Billing: await open('billing'),
  };
  const opened = opening.move();
  return { places, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
