/** The door `livefold/testing`: tests of aggregates and decisions, and the suites that every store passes. */
export {
  type PersistenceUnderTest,
  persistenceContract,
} from './consumption/contract/persistence-contract.ts';
export type { TestFramework } from './consumption/contract/run-cases.ts';
export { type StoreUnderTest, storeContract } from './consumption/contract/store-contract.ts';
export { type Decided, type Given, type GivenEvent, given } from './domain/scenario.ts';
