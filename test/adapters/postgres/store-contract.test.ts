import { describe, test } from 'vitest';
import { storeContract } from '../../../src/consumption/contract/store-contract.ts';
import { openTestStore } from './open-test-store.ts';

storeContract('postgres', openTestStore, { describe, test });
