import { describe, test } from 'node:test';
import { storeContract } from 'livefold/testing';
import { createArrayStore } from './array-store.ts';

const createStore = async () => ({ store: createArrayStore(), async [Symbol.asyncDispose]() {} });

storeContract('array', createStore, { describe, test });
