import { describe, expect, test } from 'vitest';
import { createMemoryPersistence } from '../../src/adapters/memory/memory-persistence.ts';
import { createExecutor } from '../../src/application/execute.ts';
import { Repository } from '../../src/application/repository.ts';
import { readStream } from '../../src/consumption/contract/sample-events.ts';
import { nextTurn } from '../../src/kernel/async.ts';
import type { Snapshot, SnapshotStore } from '../../src/persistence/snapshot-store.ts';
import { ledgerWith } from './ledger.ts';
import { damaged, enter, fails, openLedger } from './open-ledger.ts';

describe('a snapshot is stored', () => {
  test.each<[number, readonly number[], number | undefined]>([
    [3, [1, 1], undefined],
    [3, [1, 1, 1], 3],
    [3, [1, 1, 1, 1], 3],
    [3, [2, 2], 4],
    [3, [7], 7],
    [3, [2, 2, 1], 4],
    [3, [2, 2, 2], 6],
    [1, [1, 1], 2],
  ])('every %i, after appends of %j, at version %s', async (every, counts, version) => {
    const opened = openLedger({ every });
    await enter(opened, ...counts);
    expect((await opened.saved())?.version).toBe(version);
  });

  test('with the position, shape and subjects of its state', async () => {
    const opened = openLedger({ every: 2, schemaVersion: 4 });
    await opened.execute([
      ledgerWith().commands.enter('other', { amounts: [1] }),
      opened.ledger.commands.sign('1', { by: 'ada' }),
      opened.ledger.commands.enter('1', { amounts: [5] }),
      ledgerWith().commands.enter('other', { amounts: [1] }),
    ]);
    expect(await opened.saved()).toEqual({
      stream: 'Ledger-1',
      version: 2,
      position: 3,
      schemaVersion: 4,
      state: { entries: 1, check: 5, signed: 'ada' },
      subjects: ['user:ada'],
    });
  });

  test('with the subjects of the snapshot before it, too', async () => {
    const opened = openLedger({ every: 2 });
    await opened.execute(opened.ledger.commands.sign('1', { by: 'ada' }));
    await enter(opened, 1);
    await opened.repository.settle();
    opened.repository.clear();
    await enter(opened, 2);
    expect(await opened.saved()).toMatchObject({ version: 4, subjects: ['user:ada'] });
  });

  test('before the receipt when inline, after it in the background', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const slow = (real: SnapshotStore) => ({
      save: (snapshot: Snapshot) => released.then(() => real.save(snapshot)),
    });
    await enter(openLedger({ every: 1 }, slow), 1);
    let isAnswered = false;
    const inline = enter(openLedger({ every: 1, mode: 'inline' }, slow), 1).then(() => {
      isAnswered = true;
    });
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect(isAnswered).toBe(false);
    release();
    await inline;
  });

  test('the newest alone, when they come faster than they are stored', async () => {
    const saved: number[] = [];
    const opened = openLedger({ every: 1 }, (real) => ({
      async save(snapshot) {
        saved.push(snapshot.version);
        await nextTurn();
        await real.save(snapshot);
      },
    }));
    await Promise.all(Array.from({ length: 50 }, () => enter(opened, 1)));
    expect((await opened.saved())?.version).toBe(50);
    expect(saved.length).toBeLessThan(50);
  });

  test('when asked for, at the version of the log', async () => {
    const opened = openLedger({});
    await enter(opened, 5);
    expect(await opened.saved()).toBeNull();
    await opened.another().snapshot(opened.ledger, '1');
    expect((await opened.saved())?.version).toBe(5);
    await opened.repository.snapshot(opened.ledger, 'none');
    expect(await opened.saved('none')).toBeNull();
  });

  test('never within a transaction, which may be rolled back', async () => {
    const { events, snapshots, transaction } = createMemoryPersistence();
    const repository = new Repository(events, { snapshots });
    const execute = createExecutor({ store: events, repository });
    const ledger = ledgerWith({ every: 1, mode: 'inline' });
    await transaction((own) => execute(ledger.commands.enter('1', { amounts: [1] }), { transaction: own }));
    expect(await snapshots.loadTails(['Ledger-1'])).toMatchObject([
      { snapshot: null, events: [{ version: 1 }] },
    ]);
  });

  test('no more when it waits while memory is cleared: it may tell of somebody forgotten', async () => {
    const opened = openLedger({ every: 1 });
    const { enter: one } = opened.ledger.commands;
    for (const id of ['1', '2', '3']) await opened.execute(one(id, { amounts: [1] }));
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const slow = openLedger({ every: 1 }, (real) => ({
      save: (snapshot: Snapshot) => released.then(() => real.save(snapshot)),
    }));
    for (const id of ['1', '2', '3']) await slow.execute(one(id, { amounts: [1] }));
    slow.repository.clear();
    release();
    expect([await opened.saved('3'), await slow.saved('3')]).toEqual([expect.anything(), null]);
  });
});

describe('what cannot be stored', () => {
  test.each(['inline', 'background'] as const)('is counted, and the command succeeds: %s', async (mode) => {
    const opened = openLedger({ every: 1, mode }, () => ({ save: fails }));
    await enter(opened, 1, 1);
    await opened.repository.settle();
    expect(await readStream(opened.events, 'Ledger-1')).toHaveLength(2);
    expect([...opened.repository.snapshotFaults]).toEqual([['SEALED_DATA_DAMAGED', 2]]);
  });

  test('is an error for who asked for it', async () => {
    const opened = openLedger({}, () => ({ save: fails }));
    await enter(opened, 1);
    await expect(opened.repository.snapshot(opened.ledger, '1')).rejects.toBe(damaged);
  });

  test('because nothing would read it, or there is no place for it, is refused', async () => {
    const opened = openLedger();
    const refused = expect.objectContaining({ code: 'NO_SNAPSHOTS' });
    await expect(opened.repository.snapshot(opened.ledger, '1')).rejects.toEqual(refused);
    const without = new Repository(opened.events);
    await enter(opened, 1);
    await expect(without.snapshot(ledgerWith({}), '1')).rejects.toEqual(refused);
    await expect(without.deleteSnapshots('all')).rejects.toEqual(refused);
  });

  test('because a thousand others wait is counted', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const opened = openLedger({ every: 1 }, (real) => ({
      save: (snapshot: Snapshot) => released.then(() => real.save(snapshot)),
    }));
    const { enter: one } = opened.ledger.commands;
    for (let n = 0; n < 1_005; n += 1) await opened.execute(one(`${n}`, { amounts: [1] }));
    release();
    await opened.repository.settle();
    // One is being stored while a thousand wait.
    expect([...opened.repository.snapshotFaults]).toEqual([['SNAPSHOTS_BEHIND', 4]]);
    expect(await opened.repository.deleteSnapshots('all')).toBe(1_001);
  });
});
