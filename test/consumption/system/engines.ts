import { createTestFolder } from '../../support/test-folder.ts';
import { memoryPlaces, type OpenPlaces, postgresPlaces, sqlitePlaces } from './open-places.ts';
import { createRestaurantDatabase } from './restaurant-database.ts';

/** An empty restaurant on one engine, and its logs opened again, as another process does; memory has no other. */
type Engine = AsyncDisposable & { open(): Promise<OpenPlaces> };

export const engines: readonly { readonly name: string; readonly start: () => Promise<Engine> }[] = [
  {
    name: 'memory',
    start: async () => {
      const places = memoryPlaces();
      return { open: async () => places, [Symbol.asyncDispose]: async () => {} };
    },
  },
  {
    name: 'SQLite',
    start: async () => {
      const folder = await createTestFolder();
      return {
        open: () => sqlitePlaces(folder.path),
        [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: 'Postgres',
    start: async () => {
      const created = await createRestaurantDatabase();
      return { open: () => postgresPlaces(created.url, 1), [Symbol.asyncDispose]: () => created.drop() };
    },
  },
];
