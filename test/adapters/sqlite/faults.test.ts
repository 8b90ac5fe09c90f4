import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openSqlitePersistence } from '../../../src/adapters/sqlite/sqlite-persistence.ts';
import {
  assertDense,
  assertRejects,
  idsOf,
  readAll,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import { everything } from '../../../src/domain/query.ts';
import type { EventStore } from '../../../src/persistence/event-store.ts';
import { openTestFile, type TestFile } from './open-test-file.ts';

const large = { data: 'x'.repeat(100_000) };

/** Lets the file grow by so many pages at most. */
async function limitPages({ sqlite }: TestFile, more: number): Promise<void> {
  await sqlite.transaction(async ({ database }) => {
    const [count] = Object.values(database.prepare('pragma page_count').get() ?? {});
    database.exec(`pragma max_page_count = ${Number(count) + more}`);
  });
}

/** Appends until the disk is full; what was acknowledged before. */
async function fill(store: EventStore): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let n = 0; n < 500; n += 1) {
    const events = sampleEvents(3, large);
    try {
      await store.append({ events });
    } catch (error) {
      expect(error).toMatchObject({
        code: 'STORE_FULL',
        fields: { path: expect.stringContaining('log.sqlite') },
      });
      return ids;
    }
    ids.push(...idsOf(events));
  }
  throw new Error('the disk never was full');
}

test('on a full disk an append fails whole, and the store goes on when there is space again', async () => {
  await using opened = await openTestFile();
  await limitPages(opened, 200);
  const ids = await fill(opened.store);
  expect(idsOf(await readAll(opened.store, everything))).toEqual(ids);
  await limitPages(opened, 1_000);
  await opened.store.append({ events: sampleEvents(3, large) });
  assertDense(await readAll(opened.store, everything));
});

test('of appends that share a transaction, the one that the disk has no space for fails alone', async () => {
  await using opened = await openTestFile();
  await limitPages(opened, 50);
  const [small, tooLarge, other] = await Promise.allSettled([
    opened.store.append({ events: sampleEvents(1) }),
    opened.store.append({ events: sampleEvents(5, large) }),
    opened.store.append({ events: sampleEvents(1) }),
  ]);
  expect(tooLarge).toMatchObject({ reason: { code: 'STORE_FULL' } });
  expect([small, other]).toMatchObject([{ value: { position: 1 } }, { value: { position: 2 } }]);
});

test('in a transaction, an append that the disk has no space for leaves nothing, and the others stay', async () => {
  await using opened = await openTestFile();
  await limitPages(opened, 50);
  await opened.sqlite.transaction(async (transaction) => {
    const append = (count: number, parts = {}) =>
      opened.store.append({ events: sampleEvents(count, parts) }, { transaction });
    await append(1);
    await assertRejects('STORE_FULL', append(5, large));
    expect(await append(1)).toMatchObject({ position: 2, version: 2 });
  });
  expect(await opened.store.head()).toBe(2);
});

test('nothing is stored in a transaction that has ended before its work: what follows in it is refused', async () => {
  await using opened = await openTestFile();
  const ended = opened.sqlite.transaction(async (transaction) => {
    await opened.store.append({ events: sampleEvents(1) }, { transaction });
    // As SQLite does by itself after some errors of the disk.
    transaction.database.exec('rollback');
    await assertRejects(
      'TRANSACTION_OVER',
      opened.store.append({ events: sampleEvents(1) }, { transaction }),
    );
  });
  await assertRejects('TRANSACTION_OVER', ended);
  const kept = await opened.sqlite.transaction(async (transaction) => transaction);
  // While another one is open, on the same connection.
  await opened.sqlite.transaction(() =>
    assertRejects(
      'TRANSACTION_OVER',
      opened.store.append({ events: sampleEvents(1) }, { transaction: kept }),
    ),
  );
  expect(await opened.store.append({ events: sampleEvents(1) })).toMatchObject({ position: 1 });
});

test('a file system without space left is a full disk', async ({ skip }) => {
  const folder = mountTiny();
  if (folder === undefined) return skip('no file system can be mounted here');
  const sqlite = await openSqlitePersistence({ path: join(folder, 'log.sqlite') });
  onTestFinished(() => sqlite.close());
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(2_000_000));
  const ids = await fill(sqlite.events);
  expect(idsOf(await readAll(sqlite.events, everything))).toEqual(ids);
  rmSync(ballast);
  await sqlite.events.append({ events: sampleEvents(3, large) });
  assertDense(await readAll(sqlite.events, everything));
});

/** A file system of 8 MB, if this user may mount one. */
function mountTiny(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'livefold-tiny-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=8m', 'livefold-test', folder], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('/bin/umount', ['--lazy', folder]));
  return folder;
}

test('a file that is opened to be read only is read, and refuses every write', async () => {
  await using opened = await openTestFile();
  await opened.store.append({ events: sampleEvents(2) });
  const reader = await opened.another({ readOnly: true });
  await assertRejects('STORE_READ_ONLY', reader.events.append({ events: sampleEvents(1) }));
  await assertRejects('STORE_READ_ONLY', reader.tracking.advance('c', 1));
  const inTransaction = reader.transaction((transaction) =>
    reader.events.append({ events: sampleEvents(1) }, { transaction }),
  );
  await assertRejects('STORE_READ_ONLY', inTransaction);
  expect(await reader.events.head()).toBe(2);
});

test('a lock that another writer holds for too long is an error that says so, and no lost append', async () => {
  await using opened = await openTestFile({ timeout: 20 });
  const other = new DatabaseSync(opened.path);
  other.exec('begin immediate');
  const appends = [1, 2].map(() => opened.store.append({ events: sampleEvents(1) }));
  for (const append of appends) await assertRejects('STORE_BUSY', append);
  other.exec('rollback');
  other.close();
  expect(await opened.store.append({ events: sampleEvents(1) })).toMatchObject({ position: 1 });
});

test('an append within a transaction, which it was not told of, is refused and does not wait for ever', async () => {
  await using opened = await openTestFile({ timeout: 20 });
  const stuck = opened.sqlite.transaction(() => opened.store.append({ events: sampleEvents(1) }));
  await assertRejects('STORE_BUSY', stuck);
  expect(await opened.store.append({ events: sampleEvents(1) })).toMatchObject({ position: 1 });
});

test('a file that is no database is damaged, and left as it is', async () => {
  await using opened = await openTestFile();
  const path = join(dirname(opened.path), 'letter.txt');
  await writeFile(path, 'Dear Sir or Madam, '.repeat(100));
  await assertRejects('STORE_DAMAGED', openSqlitePersistence({ path }));
  await expect(openSqlitePersistence({ path })).rejects.toThrow(path);
});

test('a file with overwritten pages says that it is damaged', async () => {
  await using opened = await openTestFile();
  for (let n = 0; n < 20; n += 1) await opened.store.append({ events: sampleEvents(5, large) });
  await opened.sqlite.close();
  const file = await open(opened.path, 'r+');
  const { size } = await file.stat();
  for (let page = 20; page * 4096 < size; page += 1)
    await file.write(Buffer.alloc(4096, 0xee), 0, 4096, page * 4096);
  await file.close();
  const { events } = await opened.another();
  await assertRejects('STORE_DAMAGED', readAll(events, everything));
});

test("a newer Livefold's file and somebody else's database are refused, and left as they are", async () => {
  await using opened = await openTestFile();
  await opened.sqlite.transaction(async ({ database }) => database.exec('pragma user_version = 99'));
  await assertRejects('STORE_UNKNOWN_FORMAT', opened.another());
  const path = join(dirname(opened.path), 'other.sqlite');
  const other = new DatabaseSync(path);
  other.exec('create table notes (text)');
  await assertRejects('STORE_UNKNOWN_FORMAT', openSqlitePersistence({ path }));
  expect(Object.values(other.prepare('pragma journal_mode').get() ?? {})).toEqual(['delete']);
  other.close();
});

test('a folder that is not there, and a new file to be read only, are refused by name', async () => {
  await using opened = await openTestFile();
  const missing = join(dirname(opened.path), 'missing', 'log.sqlite');
  await assertRejects('DATABASE_UNAVAILABLE', openSqlitePersistence({ path: missing }));
  const fresh = join(dirname(opened.path), 'fresh.sqlite');
  await assertRejects('DATABASE_UNAVAILABLE', openSqlitePersistence({ path: fresh, readOnly: true }));
  await writeFile(fresh, '');
  await assertRejects('STORE_UNKNOWN_FORMAT', openSqlitePersistence({ path: fresh, readOnly: true }));
});

test('what was asked for before the file is closed is done, and all after it is refused', async () => {
  await using opened = await openTestFile();
  const appending = opened.store.append({ events: sampleEvents(1) });
  await opened.sqlite.close();
  expect(await appending).toMatchObject({ position: 1 });
  await assertRejects('STORE_CLOSED', opened.store.append({ events: sampleEvents(1) }));
  await assertRejects('STORE_CLOSED', readAll(opened.store, everything));
  expect(await (await opened.another()).events.head()).toBe(1);
});
