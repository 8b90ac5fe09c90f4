import { describe, test } from 'vitest';
import { persistenceContract } from '../../../src/consumption/contract/persistence-contract.ts';
import { openTestFile } from './open-test-file.ts';

const createPersistence = async () => {
  const opened = await openTestFile();
  return { ...opened, persistence: opened.sqlite, another: () => opened.another() };
};

persistenceContract('sqlite', createPersistence, { describe, test });
