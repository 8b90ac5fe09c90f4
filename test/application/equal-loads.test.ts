import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMemoryPersistence } from '../../src/adapters/memory/memory-persistence.ts';
import { createPostgresPersistence } from '../../src/adapters/postgres/postgres-persistence.ts';
import { createExecutor } from '../../src/application/execute.ts';
import type { Loaded } from '../../src/application/loaded.ts';
import { Repository } from '../../src/application/repository.ts';
import { readStream } from '../../src/consumption/contract/sample-events.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import { createId } from '../../src/kernel/ids.ts';
import type { Persistence } from '../../src/persistence/persistence.ts';
import { openTestStore, type TestStore } from '../adapters/postgres/open-test-store.ts';
import { type LedgerState, ledgerFold, ledgerWith } from './ledger.ts';
import { mapped } from './mapped.ts';

/** What happens to two ledgers: appends of several entries, a signature, a snapshot by hand, a loss of all snapshots or all memory. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ id: fc.constantFrom('a', 'b'), amounts: fc.array(fc.nat(99), { maxLength: 5 }) }),
  },
  fc.record({ id: fc.constantFrom('a', 'b'), by: fc.constantFrom('ada', 'bob') }),
  fc.record({ id: fc.constantFrom('a', 'b'), snapshot: fc.constant(true) }),
  fc.constantFrom('delete', 'clear', 'both'),
);
const history = fc.record({
  every: fc.integer({ min: 1, max: 6 }),
  mode: fc.constantFrom('inline' as const, 'background' as const),
  steps: fc.array(step, { maxLength: 25 }),
});
type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

/** Runs a history on two new ledgers. */
async function happen({ every, mode, steps }: History, persistence: Persistence) {
  const { events, snapshots } = persistence;
  const run = createId();
  const ids = { a: `${run} a`, b: `${run} b` };
  const ledger = ledgerWith({ every, mode });
  const repository = new Repository(events, { snapshots });
  const execute = createExecutor({ store: events, repository });
  const { enter, sign } = ledger.commands;
  for (const one of steps) {
    if (one === 'delete') await repository.deleteSnapshots('all');
    else if (one === 'clear') repository.clear();
    else if (one === 'both')
      await execute([
        enter(ids.a, { amounts: [1] }),
        enter(ids.b, { amounts: [2] }),
        enter(ids.a, { amounts: [3] }),
      ]);
    else if ('snapshot' in one) await repository.snapshot(ledger, ids[one.id]);
    else if ('amounts' in one) await execute(enter(ids[one.id], { amounts: one.amounts }));
    // The second signature is rejected, which must leave no trace.
    else await execute(sign(ids[one.id], { by: one.by })).catch(() => {});
  }
  await repository.settle();
  return { repository, ledger, ids };
}

/** What the events of a ledger up to a version make of it. */
function folded(events: readonly StoredEvent[], version = events.length): Loaded<LedgerState> {
  const stream = events.slice(0, version);
  return {
    state: ledgerFold.run(stream),
    version,
    position: stream.at(-1)?.position ?? 0,
    subjects: [...new Set(stream.flatMap(({ personal = [] }) => personal.map(({ subject }) => subject)))],
  };
}

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

describe.each([
  { engine: 'in memory', numRuns: 100, open: (): Persistence => mapped(createMemoryPersistence()) },
  // As many as take a second.
  {
    engine: 'on Postgres',
    numRuns: 10,
    open: (): Persistence => mapped(createPostgresPersistence({ database: opened.database })),
  },
])('$engine', ({ open, numRuns }) => {
  test('a load from memory, from a snapshot, or without one gives what all events fold to', async () => {
    const persistence = open();
    const { events, snapshots } = persistence;
    const check = fc.asyncProperty(history, async (given) => {
      const { repository, ledger, ids } = await happen(given, persistence);
      for (const id of [ids.a, ids.b]) {
        const whole = folded(await readStream(events, `Ledger-${id}`));
        expect(await repository.load(ledger, id)).toEqual(whole);
        expect(await repository.loadFresh(ledger, id)).toEqual(whole);
        expect(await new Repository(events, { snapshots }).load(ledger, id)).toEqual(whole);
        expect(await new Repository(events).load(ledger, id)).toEqual(whole);
      }
      expect([...repository.snapshotFaults]).toEqual([]);
    });
    await fc.assert(check, { numRuns });
  });

  test('as of each version, position and time, a load gives what the events up to it fold to', async () => {
    const persistence = open();
    const check = fc.asyncProperty(history, async (given) => {
      const { repository, ledger, ids } = await happen(given, persistence);
      const stream = await readStream(persistence.events, `Ledger-${ids.a}`);
      for (let version = 0; version <= stream.length; version += 1) {
        const whole = folded(stream, version);
        expect(await repository.load(ledger, ids.a, { asOf: { version } })).toEqual(whole);
        expect(await repository.load(ledger, ids.a, { asOf: { position: whole.position } })).toEqual(whole);
      }
      for (const { recordedAt: time } of stream) {
        // Several appends may have one time.
        const last = stream.findLastIndex(({ recordedAt }) => recordedAt <= time) + 1;
        expect(await repository.load(ledger, ids.a, { asOf: { time } })).toEqual(folded(stream, last));
      }
    });
    await fc.assert(check, { numRuns });
  });
});
