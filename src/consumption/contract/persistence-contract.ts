import type { Persistence } from '../../persistence/persistence.ts';
import type { ContractCase } from './contract-case.ts';
import { archiveCases } from './persistence/archive-cases.ts';
import { evolutionCases } from './persistence/evolution-cases.ts';
import { keyCases } from './persistence/key-cases.ts';
import { mapperCases } from './persistence/mapper-cases.ts';
import { parallelTransactionCases } from './persistence/parallel-transaction-cases.ts';
import { privacyCases } from './persistence/privacy-cases.ts';
import { repositoryCases } from './persistence/repository-cases.ts';
import { snapshotCases } from './persistence/snapshot-cases.ts';
import { trackingCases } from './persistence/tracking-cases.ts';
import { transactionCases } from './persistence/transaction-cases.ts';
import { runCases, type TestFramework } from './run-cases.ts';

/** A persistence with nothing in it, and how to get rid of it. */
export type PersistenceUnderTest = AsyncDisposable & {
  readonly persistence: Persistence;
  /** The same once more, with connections of its own: what another process has. The same object unless given. */
  readonly another?: () => Persistence | Promise<Persistence>;
};

const groups: Readonly<Record<string, readonly ContractCase<Persistence>[]>> = {
  tracking: trackingCases,
  snapshots: snapshotCases,
  keys: keyCases,
  archive: archiveCases,
  transactions: [...transactionCases, ...parallelTransactionCases],
  mapper: mapperCases,
  privacy: privacyCases,
  evolution: evolutionCases,
  repository: repositoryCases,
};

/**
 * The suite that every whole persistence passes, beside `storeContract` for its events. Each test makes one of its own by
 * `createPersistence` and disposes it: `persistenceContract('mine', createMine, { describe, test })`.
 */
export function persistenceContract(
  name: string,
  createPersistence: () => Promise<PersistenceUnderTest>,
  framework: TestFramework,
): void {
  const open = async () => {
    const created = await createPersistence();
    return {
      subject: created.persistence,
      another: async () => (await created.another?.()) ?? created.persistence,
      [Symbol.asyncDispose]: () => created[Symbol.asyncDispose](),
    };
  };
  runCases(name, groups, open, framework);
}
