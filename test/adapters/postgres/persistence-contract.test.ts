import { describe, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresPersistence } from '../../../src/adapters/postgres/postgres-persistence.ts';
import { persistenceContract } from '../../../src/consumption/contract/persistence-contract.ts';
import { openTestStore } from './open-test-store.ts';

const createPersistence = async () => {
  const stack = new AsyncDisposableStack();
  const { persistence, url } = stack.use(await openTestStore());
  const another = () => {
    const database = openDatabase(url, { connections: 2 });
    stack.defer(() => database.close());
    return createPostgresPersistence({ database });
  };
  return { persistence, another, [Symbol.asyncDispose]: () => stack.disposeAsync() };
};

persistenceContract('postgres', createPersistence, { describe, test });
