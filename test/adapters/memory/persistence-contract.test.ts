import { describe, test } from 'vitest';
import { createMemoryPersistence } from '../../../src/adapters/memory/memory-persistence.ts';
import { persistenceContract } from '../../../src/consumption/contract/persistence-contract.ts';

const createPersistence = async () => ({
  persistence: createMemoryPersistence(),
  async [Symbol.asyncDispose]() {},
});

persistenceContract('memory', createPersistence, { describe, test });
