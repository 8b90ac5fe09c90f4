import type { EventStore } from '../../persistence/event-store.ts';
import { commandCases } from './command-cases.ts';
import { concurrencyCases } from './concurrency-cases.ts';
import { conditionCases } from './condition-cases.ts';
import type { ContractCase } from './contract-case.ts';
import { followCases } from './follow-cases.ts';
import { logCases } from './log-cases.ts';
import { streamCases } from './stream-cases.ts';

/** The two functions of a test framework that the suite needs: those of vitest, Jest or `node:test`. */
export type TestFramework = {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly test: (name: string, body: () => Promise<void>) => unknown;
};

/** A store with an empty log, and how to get rid of it. */
export type StoreUnderTest = AsyncDisposable & { readonly store: EventStore };

const groups: Readonly<Record<string, readonly ContractCase[]>> = {
  streams: streamCases,
  log: logCases,
  commands: commandCases,
  conditions: conditionCases,
  concurrency: concurrencyCases,
  following: followCases,
};

/**
 * The suite that every event store passes. Each test makes a store of its own by `createStore` and disposes it:
 * `storeContract('my store', createMyStore, { describe, test })`.
 */
export function storeContract(
  name: string,
  createStore: () => Promise<StoreUnderTest>,
  { describe, test }: TestFramework,
): void {
  for (const [group, cases] of Object.entries(groups)) {
    describe(`${name}: ${group}`, () => {
      for (const { name: sentence, run } of cases) {
        test(sentence, async () => {
          await using created = await createStore();
          await run(created.store);
        });
      }
    });
  }
}
