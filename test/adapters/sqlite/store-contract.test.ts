import { describe, test } from 'vitest';
import { storeContract } from '../../../src/consumption/contract/store-contract.ts';
import { openTestFile } from './open-test-file.ts';

const createStore = async () => {
  const opened = await openTestFile();
  return { ...opened, another: async () => (await opened.another()).events };
};

storeContract('sqlite', createStore, { describe, test });
