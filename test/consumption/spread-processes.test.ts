import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../src/adapters/postgres/postgres-event-store.ts';
import { everything } from '../../src/domain/query.ts';
import { sleep } from '../../src/kernel/async.ts';
import type { TestDatabase } from '../support/database.ts';
import { counted, removed } from './counters.ts';
import { eventually, heldUnits, shares, startTallying } from './spread.ts';
import { createTalliesDatabase, foldedRows, rowsOf, tallies } from './tallies.ts';

let created: TestDatabase;
let database: Database;
beforeAll(async () => {
  created = await createTalliesDatabase();
  database = openDatabase(created.url, { connections: 3 });
});
afterAll(async () => {
  await database.close();
  await created.drop();
});

/** Writes until it is told to stop; the answer is the head then. */
function writeOn(): () => Promise<number> {
  const store = createPostgresEventStore({ database });
  let isWriting = true;
  const writing = (async () => {
    for (let n = 0; isWriting; n += 1) {
      await store.append({ events: [counted(`c${n % 50}`, 'all', `d${n % 7}`)] });
      if (n % 11 === 0) await store.append({ events: [removed(`c${n % 20}`)] });
      await sleep(2);
    }
  })();
  return async () => {
    isWriting = false;
    await writing;
    return store.head();
  };
}

/** Waits until all are at a position, and compares each table with a fold of the whole log. */
async function expectFolded(head: number): Promise<void> {
  await eventually(async () => {
    const held = await heldUnits(database.session);
    expect(held.filter(({ position }) => position < head)).toEqual([]);
  });
  const events = await Array.fromAsync(createPostgresEventStore({ database }).read(everything));
  for (const one of tallies(4)) expect(await rowsOf(database.session, one)).toEqual(foldedRows(one, events));
}

const expectShares = (...expected: readonly number[]) =>
  eventually(async () => expect(await shares(database.session)).toEqual(expected));

test('units are spread over the processes that are up, taken over from one that is killed, and shared with one that joins', async () => {
  const stopWriting = writeOn();
  await using first = await startTallying(created.url);
  await expectShares(7);
  await using second = await startTallying(created.url);
  await using third = await startTallying(created.url);
  await expectShares(3, 2, 2);
  // The shards of one projection are spread for themselves, so that all take part in what is heavy.
  const shards = (await heldUnits(database.session)).filter(({ unit }) => unit.startsWith('many'));
  expect(new Set(shards.map(({ pid }) => pid)).size).toBe(3);

  const before = await heldUnits(database.session);
  const lost = before.filter(({ pid }) => pid === second.pid);
  await second.end('SIGKILL');
  await eventually(async () => {
    const after = new Map((await heldUnits(database.session)).map((row) => [row.unit, row]));
    for (const { unit, token, position } of lost) {
      expect([first.pid, third.pid]).toContain(after.get(unit)?.pid);
      expect(after.get(unit)?.token).toBeGreaterThan(token);
      expect(after.get(unit)?.position).toBeGreaterThan(position);
    }
  });
  await expectShares(4, 3);

  await using fourth = await startTallying(created.url);
  await expectShares(3, 2, 2);
  expect((await first.end('SIGTERM')).code).toBe(0);
  await expectShares(4, 3);
  await expectFolded(await stopWriting());
  await Promise.all([third, fourth].map((one) => one.end('SIGTERM')));
  expect((await heldUnits(database.session)).every(({ pid }) => pid === null)).toBe(true);
});

test('a process that was stopped beyond its leases and goes on changes nothing twice, and gets a share again', async () => {
  const stopWriting = writeOn();
  await using asleep = await startTallying(created.url);
  await using awake = await startTallying(created.url);
  await expectShares(4, 3);
  process.kill(asleep.pid, 'SIGSTOP');
  await eventually(async () => {
    const held = await heldUnits(database.session);
    expect(held.map(({ pid }) => pid)).toEqual(held.map(() => awake.pid));
  });
  process.kill(asleep.pid, 'SIGCONT');
  await expectShares(4, 3);
  await expectFolded(await stopWriting());
});
