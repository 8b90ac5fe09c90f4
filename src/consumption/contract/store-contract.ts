import type { EventStore } from '../../persistence/event-store.ts';
import type { ContractCase } from './contract-case.ts';
import { runCases, type TestFramework } from './run-cases.ts';
import { commandCases } from './store/command-cases.ts';
import { concurrencyCases } from './store/concurrency-cases.ts';
import { conditionCases } from './store/condition-cases.ts';
import { followCases } from './store/follow-cases.ts';
import { limitCases } from './store/limit-cases.ts';
import { logCases } from './store/log-cases.ts';
import { readCases } from './store/read-cases.ts';
import { streamCases } from './store/stream-cases.ts';
import { valueCases } from './store/value-cases.ts';
import { versionCases } from './store/version-cases.ts';

/** A store with an empty log, and how to get rid of it. */
export type StoreUnderTest = AsyncDisposable & {
  readonly store: EventStore;
  /** Another store on the same log, with a connection of its own: what another process has. The same store unless given. */
  readonly another?: () => EventStore | Promise<EventStore>;
};

const groups: Readonly<Record<string, readonly ContractCase<EventStore>[]>> = {
  streams: streamCases,
  versions: versionCases,
  values: valueCases,
  limits: limitCases,
  log: logCases,
  reads: readCases,
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
  framework: TestFramework,
): void {
  const open = async () => {
    const created = await createStore();
    return {
      subject: created.store,
      another: async () => (await created.another?.()) ?? created.store,
      [Symbol.asyncDispose]: () => created[Symbol.asyncDispose](),
    };
  };
  runCases(name, groups, open, framework);
}
