import { describe, test } from 'vitest';
import { createMemoryPersistence } from '../../../src/adapters/memory/memory-persistence.ts';
import { storeContract } from '../../../src/consumption/contract/store-contract.ts';

const createStore = async () => ({
  store: createMemoryPersistence().events,
  async [Symbol.asyncDispose]() {},
});

storeContract('memory', createStore, { describe, test });
