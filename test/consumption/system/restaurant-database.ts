import { migrateDatabase } from '../../../src/adapters/postgres/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** A database with a log for each application of the restaurant. */
export async function createRestaurantDatabase(): Promise<TestDatabase> {
  const created = await createTestDatabase();
  for (const schema of ['orders', 'kitchen', 'billing'])
    await migrateDatabase({ url: created.url, schema, sets: [] });
  return created;
}
