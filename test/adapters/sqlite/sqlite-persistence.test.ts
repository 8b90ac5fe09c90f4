import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import {
  assertRejects,
  idsOf,
  readAll,
  readStream,
  sampleEvent,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import { everything } from '../../../src/domain/query.ts';
import { openTestFile } from './open-test-file.ts';

test.each([
  ['update events set type = ?', 'Changed'],
  ['delete from events where type = ?', 'Sampled'],
  ['update tags set position = 2 where tag = ?', 'x:1'],
  ['delete from tags where tag = ?', 'x:1'],
  [
    `insert or replace into events (position, id, stream, version, type, schema_version, occurred_at, recorded_at, tags, data)
     select position, id, stream, version, ?, 1, 0, 0, '[]', '{}' from events`,
    'Changed',
  ],
  [
    `insert or replace into events (position, id, stream, version, type, schema_version, occurred_at, recorded_at, tags, data)
     select position + 1, id, 'Other', 1, ?, 1, 0, 0, '[]', '{}' from events`,
    'Changed',
  ],
  [
    `insert into events (position, id, stream, version, type, schema_version, occurred_at, recorded_at, tags, data)
     values (3, 'new', 'Other', 1, ?, 1, 0, 0, '[]', '{}')`,
    'Hole',
  ],
])('the database itself refuses: %s', async (statement, value) => {
  await using opened = await openTestFile();
  await opened.store.append({ events: [sampleEvent({ tags: ['x:1'] })] });
  const before = await readAll(opened.store, everything);
  const foreign = new DatabaseSync(opened.path);
  expect(() => foreign.prepare(statement).run(value)).toThrow();
  foreign.close();
  expect(await readAll(opened.store, everything)).toEqual(before);
});

test('plain data is JSON that SQLite reads, and sealed data are bytes', async () => {
  await using opened = await openTestFile();
  await opened.store.append({
    events: [
      sampleEvent({ data: { total: 7 }, tags: ['a', 'b'] }),
      sampleEvent({ data: Uint8Array.of(1, 2) }),
    ],
  });
  const foreign = new DatabaseSync(opened.path, { readOnly: true });
  const rows = foreign
    .prepare("select data ->> 'total' as total, tags ->> 1 as tag, hex(sealed) as sealed from events")
    .all();
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { total: 7, tag: 'b', sealed: '' },
    { total: null, tag: null, sealed: '0102' },
  ]);
  foreign.close();
});

test("a caller's own rows are stored together with its events, or not at all", async () => {
  await using opened = await openTestFile();
  const note = (stream: string, isKept: boolean): Promise<void> =>
    opened.sqlite.transaction(async (transaction) => {
      transaction.database.exec('create table if not exists notes (stream text)');
      transaction.database.prepare('insert into notes values (?)').run(stream);
      await opened.store.append({ events: sampleEvents(1, { stream }) }, { transaction });
      if (!isKept) throw new Error('rolled back');
    });
  await note('kept', true);
  await expect(note('dropped', false)).rejects.toThrow('rolled back');
  await opened.sqlite.transaction(async ({ database }) =>
    expect(database.prepare('select stream from notes').all()).toMatchObject([{ stream: 'kept' }]),
  );
  expect((await readAll(opened.store, everything)).map(({ stream }) => stream)).toEqual(['kept']);
});

test('an id that is taken refuses its own append in a transaction, and nothing else there', async () => {
  await using opened = await openTestFile();
  const [known] = sampleEvents(1);
  await opened.sqlite.transaction(async (transaction) => {
    const append = (events: ReturnType<typeof sampleEvents>) =>
      opened.store.append({ events }, { transaction });
    await append(known === undefined ? [] : [known]);
    await assertRejects('CONCURRENCY_CONFLICT', append([...sampleEvents(2), ...(known ? [known] : [])]));
    await append(sampleEvents(1));
  });
  expect(await opened.store.head()).toBe(2);
});

test('appends of one turn of the event loop share a commit, and one alone has its own', async () => {
  await using opened = await openTestFile();
  const before = countCommits(opened.path);
  await Promise.all(Array.from({ length: 50 }, () => opened.store.append({ events: sampleEvents(1) })));
  expect(countCommits(opened.path) - before).toBe(1);
  for (let n = 0; n < 3; n += 1) await opened.store.append({ events: sampleEvents(1) });
  expect(countCommits(opened.path) - before).toBe(4);
});

/** The commits in the write-ahead log: frames that say how large the file is after them (https://www.sqlite.org/fileformat2.html#walformat). */
function countCommits(path: string): number {
  const log = readFileSync(`${path}-wal`);
  const frame = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) > 0) commits += 1;
  return commits;
}

test('times never fall along the log when the clock is set back, also between two processes', async () => {
  const [late, early] = [new Date('2030-01-01T00:00:00Z'), new Date('2020-01-01T00:00:00Z')];
  await using opened = await openTestFile({ clock: () => late });
  await opened.store.append({ events: sampleEvents(1) });
  const other = await opened.another({ clock: () => early });
  await other.events.append({ events: sampleEvents(1) });
  const log = await readAll(other.events, everything);
  expect(log.map(({ recordedAt }) => recordedAt)).toEqual([late, late]);
  expect(idsOf(await readAll(other.events, everything, { asOf: early }))).toEqual([]);
});

test('a reader that stops in the middle keeps no writer from emptying the write-ahead log', async () => {
  await using opened = await openTestFile();
  for (let n = 0; n < 3; n += 1) await opened.store.append({ events: sampleEvents(700) });
  const reading = opened.store.read(everything)[Symbol.asyncIterator]();
  await reading.next();
  await opened.store.append({ events: sampleEvents(1) });
  const foreign = new DatabaseSync(opened.path);
  expect(foreign.prepare('pragma wal_checkpoint(truncate)').get()).toMatchObject({ busy: 0, log: 0 });
  foreign.close();
  expect((await reading.next()).value).toMatchObject({ position: 2 });
});

test('a long stream among others is read in pages, from both ends and behind a version', async () => {
  await using opened = await openTestFile();
  for (let n = 0; n < 5; n += 1) {
    const [one, other] = ['Long', 'Other'].map((stream) => sampleEvents(500, { stream }));
    await opened.store.append({
      events: (one ?? []).flatMap((event, at) => [event, ...(other?.slice(at, at + 1) ?? [])]),
    });
  }
  const versions = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const long = await readStream(opened.store, 'Long');
  expect(long.map(({ version }) => version)).toEqual(versions(1, 2_500));
  const backwards = await readStream(opened.store, 'Long', { backwards: true, before: 4_000 });
  expect(backwards.map(({ version }) => version)).toEqual(versions(1, 2_000).reverse());
  const query = {
    items: [
      { stream: 'Long', afterVersion: 1_200 },
      { stream: 'Other', afterVersion: 2_499 },
    ],
  };
  const both = await readAll(opened.store, query, { after: 3_000 });
  expect(both.map(({ stream, version }) => (stream === 'Long' ? version : -version))).toEqual([
    ...versions(1_501, 2_500),
    -2_500,
  ]);
});

test('a tag that the index lacks, and an entry that no event has, are found', async () => {
  await using opened = await openTestFile();
  await opened.store.append({
    events: [sampleEvent({ tags: ['a:1', 'b:1'] }), sampleEvent({ tags: ['a:1'] })],
  });
  expect(await opened.sqlite.archive.checkTags()).toEqual({ checked: 3, faults: [] });
  const foreign = new DatabaseSync(opened.path);
  foreign.exec(
    "drop trigger tags_delete; delete from tags where tag = 'b:1'; insert into tags values ('c:1', 2)",
  );
  foreign.close();
  expect(await opened.sqlite.archive.checkTags()).toEqual({
    checked: 3,
    faults: [
      { tag: 'b:1', position: 1, isMissing: true },
      { tag: 'c:1', position: 2, isMissing: false },
    ],
  });
});
