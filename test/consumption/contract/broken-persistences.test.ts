import { expect, test } from 'vitest';
import { createMemoryPersistence } from '../../../src/adapters/memory/memory-persistence.ts';
import { persistenceContract } from '../../../src/consumption/contract/persistence-contract.ts';
import { isLivefoldError } from '../../../src/kernel/errors.ts';
import type { Persistence } from '../../../src/persistence/persistence.ts';
import { runCase } from './run-case.ts';

/** A fault, and the case that must go red. */
type BrokenPersistence = {
  readonly fault: string;
  readonly change: (inner: Persistence) => Partial<Persistence>;
  readonly caughtBy: string;
};

const brokenPersistences: readonly BrokenPersistence[] = [
  {
    fault: 'lets two do the same work',
    change: ({ tracking }) => ({
      tracking: {
        ...tracking,
        advance: (...move) => tracking.advance(...move).catch(swallowConflict),
      },
    }),
    caughtBy: 'of many who move a consumer to one position exactly one does',
  },
  {
    fault: 'stores whatever snapshot came last',
    change: ({ snapshots }) => ({
      snapshots: {
        ...snapshots,
        async save(snapshot) {
          await snapshots.deleteSnapshots({ streams: [snapshot.stream] });
          await snapshots.save(snapshot);
        },
      },
    }),
    caughtBy: 'only a newer snapshot takes the place of another',
  },
  {
    fault: 'reads snapshot and events apart from the transaction',
    change: ({ snapshots }) => ({
      snapshots: { ...snapshots, loadTails: (streams) => snapshots.loadTails(streams) },
    }),
    caughtBy: 'a transaction sees what it appended, and others do not',
  },
  {
    fault: 'answers with the keys that it was given',
    change: ({ keys }) => ({ keys: { ...keys, addKeys: (added) => keys.addKeys(added).then(() => added) } }),
    caughtBy: 'a subject has one key for ever',
  },
  {
    fault: 'forgets nobody',
    change: ({ events }) => ({
      events: { ...events, append: ({ forget, ...item }, options) => events.append(item, options) },
    }),
    caughtBy: 'who is forgotten reads as erased, and nothing of theirs is in the store',
  },
  {
    fault: 'forgets before it judges',
    change: ({ events }) => ({
      events: {
        ...events,
        async append(item, options) {
          if (item.forget !== undefined) await events.append({ events: [], forget: item.forget }, options);
          return events.append(item, options);
        },
      },
    }),
    caughtBy: 'an append that is refused or rolled back destroys no key',
  },
  {
    fault: 'commits what was to be rolled back',
    change: (inner) => ({
      async transaction(work) {
        const outcome = await inner.transaction(async (transaction) =>
          work(transaction).then(
            (result) => ({ result }),
            (error: unknown) => ({ error }),
          ),
        );
        if ('error' in outcome) throw outcome.error;
        return outcome.result;
      },
    }),
    caughtBy: 'a transaction that is rolled back leaves nothing, and no hole',
  },
  {
    fault: 'restores by appending',
    change: ({ events, archive }) => ({
      archive: {
        ...archive,
        async restore(part) {
          await events.append({ events: part.events });
        },
      },
    }),
    caughtBy: 'a restored log reads as it was where it came from',
  },
  {
    fault: 'reads commands from the position, not behind it',
    change: ({ archive }) => ({
      archive: {
        ...archive,
        readCommands: ({ after, upTo }) => archive.readCommands({ after: after - 1, upTo }),
      },
    }),
    caughtBy: 'commands are read by ranges of positions, in order',
  },
];

function swallowConflict(error: unknown): void {
  if (!isLivefoldError(error, 'CONCURRENCY_CONFLICT')) throw error;
}

test.each(brokenPersistences)('a persistence that $fault does not pass', async ({ change, caughtBy }) => {
  const runWith = (changed: BrokenPersistence['change']) =>
    runCase(caughtBy, (framework) => {
      const createPersistence = async () => {
        const inner = createMemoryPersistence();
        return { persistence: { ...inner, ...changed(inner) }, async [Symbol.asyncDispose]() {} };
      };
      persistenceContract('broken', createPersistence, framework);
    });
  await runWith(() => ({}));
  await expect(runWith(change)).rejects.toThrow();
});
