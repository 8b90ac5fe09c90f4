import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryPersistence } from '../../src/adapters/memory/memory-persistence.ts';
import type { AsOf } from '../../src/application/as-of.ts';
import { createExecutor } from '../../src/application/execute.ts';
import { Repository } from '../../src/application/repository.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import type { Persistence } from '../../src/persistence/persistence.ts';
import { ledgerWith } from './ledger.ts';

const ledger = ledgerWith({});
const minute = (n: number): Date => new Date(60_000 * n);

let persistence: Persistence;
let repository: Repository;

/** Five entries of ledger 1 at the minutes 1, 3, 5, 7, 9 and the positions 1, 3, 5, 7, 9; between them another ledger's. */
beforeEach(async () => {
  let now = 0;
  persistence = createMemoryPersistence({ clock: () => minute(now) });
  const { events, snapshots } = persistence;
  repository = new Repository(events, { snapshots });
  const execute = createExecutor({ store: events, repository });
  for (now = 1; now < 10; now += 1)
    await execute(ledger.commands.enter(now % 2 === 1 ? '1' : '2', { amounts: [now] }));
});

const moments: readonly (readonly [string, AsOf, number])[] = [
  ['a version before the first', { version: 0 }, 0],
  ['a version', { version: 3 }, 3],
  ['the last version', { version: 5 }, 5],
  ['a version that is not there yet', { version: 9 }, 5],
  ['a position before the first', { position: 0 }, 0],
  ['a position of the stream', { position: 5 }, 3],
  ['a position between', { position: 6 }, 3],
  ['the head', { position: 9 }, 5],
  ['a time before the first', { time: minute(0) }, 0],
  ['a time of an event', { time: minute(5) }, 3],
  ['a time between', { time: minute(6) }, 3],
  ['a time after the last', { time: minute(99) }, 5],
];

describe.each([undefined, 1, 3, 5])('with a snapshot at version %s, the state as of', (snapshotAt) => {
  test.each(moments)('%s', async (_, asOf, version) => {
    const whole = await Array.fromAsync(persistence.events.read({ items: [{ stream: 'Ledger-1' }] }));
    const until = (end: number): readonly StoredEvent[] => whole.slice(0, end);
    if (snapshotAt !== undefined)
      await persistence.snapshots.save({
        stream: 'Ledger-1',
        version: snapshotAt,
        position: until(snapshotAt).at(-1)?.position ?? 0,
        schemaVersion: 1,
        state: ledger.state.run(until(snapshotAt)),
        subjects: [],
      });
    expect(await new Repository(persistence.events, persistence).load(ledger, '1', { asOf })).toEqual({
      state: ledger.state.run(until(version)),
      version,
      position: until(version).at(-1)?.position ?? 0,
      subjects: [],
    });
  });
});

test('a snapshot that is not beyond the moment is gone on from, one that is beyond is not', async () => {
  await persistence.snapshots.save({
    stream: 'Ledger-1',
    version: 3,
    position: 5,
    schemaVersion: 1,
    state: { entries: 1_000, check: 0, signed: '' },
    subjects: ['user:a'],
  });
  const entries = async (asOf: AsOf): Promise<number> =>
    (await repository.load(ledger, '1', { asOf })).state.entries;
  for (const asOf of [{ version: 4 }, { position: 7 }, { time: minute(7) }])
    expect(await entries(asOf)).toBe(1_001);
  for (const asOf of [{ version: 3 }, { position: 5 }, { time: minute(5) }])
    expect(await entries(asOf)).toBe(1_000);
  for (const asOf of [{ version: 2 }, { position: 4 }, { time: minute(4) }])
    expect(await entries(asOf)).toBe(2);
  expect((await repository.load(ledger, '1', { asOf: { version: 4 } })).subjects).toEqual(['user:a']);
});

test('whoever leaves ends the reading of a moment', async () => {
  const leaving = new AbortController();
  const { signal } = leaving;
  const load = () => repository.load(ledger, '1', { asOf: { version: 2 }, signal });
  expect(await load()).toMatchObject({ version: 2 });
  leaving.abort();
  await expect(load()).rejects.toMatchObject({ code: 'ABORTED' });
});

test('what was is not taken for what is', async () => {
  await repository.load(ledger, '1', { asOf: { version: 2 } });
  expect(await repository.load(ledger, '1')).toMatchObject({ version: 5 });
  repository.clear();
  await repository.load(ledger, '1', { asOf: { version: 2 } });
  expect(await repository.load(ledger, '1')).toMatchObject({ version: 5 });
});
