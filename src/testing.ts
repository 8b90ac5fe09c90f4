/** The door `livefold/testing`: tests of aggregates and decisions, and the suite that every event store passes. */
export {
  type StoreUnderTest,
  storeContract,
  type TestFramework,
} from './consumption/contract/store-contract.ts';
export { type Decided, type Given, type GivenEvent, given } from './domain/scenario.ts';
