import { describe, expect, test } from 'vitest';
import { createMemoryPersistence } from '../../src/adapters/memory/memory-persistence.ts';
import { createExecutor } from '../../src/application/execute.ts';
import { Repository } from '../../src/application/repository.ts';
import type { SnapshotPolicy } from '../../src/domain/aggregate.ts';
import type { Snapshot } from '../../src/persistence/snapshot-store.ts';
import { ledgerWith } from './ledger.ts';
import { mapped } from './mapped.ts';
import { damaged, enter, fails, openLedger } from './open-ledger.ts';

const thrower = (): never => {
  throw damaged;
};

describe('loading', () => {
  test('takes the snapshot and the events behind it, for all asked for in one turn together', async () => {
    const opened = openLedger({ every: 2 });
    await enter(opened, 2, 1);
    await opened.repository.settle();
    const repository = opened.another();
    opened.asked.length = 0;
    const [one, again, none] = await Promise.all(
      ['1', '1', '2'].map((id) => repository.load(opened.ledger, id)),
    );
    expect(opened.asked).toEqual(['tails Ledger-1,Ledger-2']);
    const whole = await new Repository(opened.events).load(opened.ledger, '1');
    expect([one, again, none?.version]).toEqual([whole, whole, 0]);
    await repository.loadFresh(opened.ledger, '1');
    expect(opened.asked.slice(1)).toEqual(['read Ledger-1>2']);
  });

  test('asks for no snapshot of an aggregate without a policy', async () => {
    const opened = openLedger();
    await enter(opened, 1);
    await opened.another().load(opened.ledger, '1');
    expect(opened.asked).toEqual(['read Ledger-1>0']);
  });

  test('brings a snapshot of an older shape up to date', async () => {
    const opened = openLedger({ every: 1 });
    await enter(opened, 1);
    await opened.repository.settle();
    const renamed = ledgerWith({
      schemaVersion: 3,
      upcast: {
        1: (state: object) => ({ ...state, entries: 10 }),
        2: (state: { entries: number }) => ({ ...state, entries: state.entries * 2 }),
      },
    });
    const repository = opened.another();
    expect((await repository.load(renamed, '1')).state.entries).toBe(20);
    expect(repository.snapshotFaults.size).toBe(0);
  });

  test.each<[string, SnapshotPolicy, (tail: Snapshot) => Partial<Snapshot>]>([
    ['UNKNOWN_EVENT_VERSION', {}, () => ({ schemaVersion: 2 })],
    ['UPCAST_FAILED', { schemaVersion: 2 }, () => ({})],
    ['UPCAST_FAILED', { schemaVersion: 2, upcast: { 1: thrower } }, () => ({})],
    ['SNAPSHOT_OUT_OF_STEP', {}, ({ version }) => ({ version: version - 1 })],
    [
      'UNEXPECTED',
      {},
      () => ({
        get state() {
          throw new Error('odd');
        },
      }),
    ],
  ])('folds all events when the snapshot is none to use: %s', async (code, policy, change) => {
    const opened = openLedger({ every: 2 }, (real) => ({
      async loadTails(streams, options) {
        const tails = await real.loadTails(streams, options);
        return tails.map((tail) => ({ ...tail, snapshot: tail.snapshot && changed(tail.snapshot, change) }));
      },
    }));
    await enter(opened, 2, 1);
    await opened.repository.settle();
    const repository = opened.another();
    const whole = await new Repository(opened.events).load(opened.ledger, '1');
    expect(await repository.load(ledgerWith(policy), '1')).toEqual(whole);
    expect([...repository.snapshotFaults]).toEqual([[code, 1]]);
  });

  test('folds all events of those alone whose snapshot cannot be read', async () => {
    const opened = openLedger({ every: 1 }, (real) => ({
      loadTails: (streams, options) =>
        streams.includes('Ledger-2') ? fails() : real.loadTails(streams, options),
    }));
    for (const id of ['1', '2', '3'])
      await opened.execute(opened.ledger.commands.enter(id, { amounts: [1] }));
    await opened.repository.settle();
    opened.asked.length = 0;
    const repository = opened.another();
    const loaded = await Promise.all(['1', '2', '3', '2'].map((id) => repository.load(opened.ledger, id)));
    expect(loaded.map(({ version }) => version)).toEqual([1, 1, 1, 1]);
    expect(opened.asked).toEqual(['read Ledger-2>0']);
    expect([...repository.snapshotFaults]).toEqual([['SEALED_DATA_DAMAGED', 1]]);
  });

  test('fails when the events cannot be read either', async () => {
    const opened = openLedger({ every: 1 }, () => ({ loadTails: fails }));
    const broken = new Repository(
      { read: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('gone')) }) }) },
      { snapshots: { ...opened.snapshots, loadTails: fails } },
    );
    await expect(broken.load(opened.ledger, '1')).rejects.toThrow('gone');
  });

  test('does without snapshots that were deleted', async () => {
    const opened = openLedger({ every: 1 });
    await enter(opened, 1);
    await opened.repository.settle();
    expect(await opened.repository.deleteSnapshots({ aggregate: 'Ledger' })).toBe(1);
    expect(await opened.saved()).toBeNull();
    expect(await opened.another().load(opened.ledger, '1')).toMatchObject({ version: 1 });
  });
});

function changed(snapshot: Snapshot, change: (snapshot: Snapshot) => Partial<Snapshot>): Snapshot {
  return Object.defineProperties({ ...snapshot }, Object.getOwnPropertyDescriptors(change(snapshot)));
}

test('a transaction sees the snapshot and, behind it, what was done within', async () => {
  const { events, snapshots, transaction } = createMemoryPersistence();
  const repository = new Repository(events, { snapshots });
  const execute = createExecutor({ store: events, repository });
  const ledger = ledgerWith({ every: 2, mode: 'inline' });
  await execute(ledger.commands.enter('1', { amounts: [1, 2, 3] }));
  await transaction(async (own) => {
    await execute(ledger.commands.enter('1', { amounts: [4] }), { transaction: own });
    const { state, version } = await repository.loadFresh(ledger, '1', { transaction: own });
    expect([state.entries, version]).toEqual([4, 4]);
    expect(await repository.loadFresh(ledger, '1')).toMatchObject({ version: 3 });
  });
  expect(await repository.loadFresh(ledger, '1')).toMatchObject({ version: 4 });
  expect(repository.snapshotFaults.size).toBe(0);
});

test('what was folded from the data of somebody forgotten is not used, nor told again', async () => {
  const persistence = mapped(createMemoryPersistence());
  const { events, snapshots } = persistence;
  const repository = new Repository(events, { snapshots });
  const execute = createExecutor({ store: events, repository });
  const ledger = ledgerWith({ every: 1 });
  await execute(ledger.commands.sign('1', { by: 'ada' }));
  await repository.settle();
  await execute(ledger.commands.forget('2', { user: 'ada' }));
  for (const one of [repository, new Repository(events, { snapshots })]) {
    expect(await one.load(ledger, '1')).toMatchObject({ state: { signed: 'somebody' }, subjects: [] });
    expect([...one.snapshotFaults]).toEqual([['SUBJECT_FORGOTTEN', 1]]);
  }
  // Nothing of the forgotten is in the next snapshot, which is one to use again.
  await execute(ledger.commands.enter('1', { amounts: [1] }));
  await repository.settle();
  const other = new Repository(events, { snapshots });
  expect(await other.load(ledger, '1')).toMatchObject({ version: 2, state: { signed: 'somebody' } });
  expect(other.snapshotFaults.size).toBe(0);
});
