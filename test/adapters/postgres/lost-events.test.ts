import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import {
  assertDense,
  idsOf,
  outcomeOf,
  readAll,
  readStream,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import { everything } from '../../../src/domain/query.ts';
import { openTestStore } from './open-test-store.ts';
import { isLocked, until } from './until.ts';

type Writer = ChildProcessByStdio<null, Readable, null>;

function startWriter(url: string, name: string, appends: string): Writer {
  const script = fileURLToPath(new URL('./writer-process.ts', import.meta.url));
  return spawn(process.execPath, [script, url, name, appends], { stdio: ['ignore', 'pipe', 'inherit'] });
}

test('a reader that tails the log beside four writing processes misses nothing', async () => {
  await using opened = await openTestStore();
  const writers = ['a', 'b', 'c', 'd'].map((name) => startWriter(opened.url, name, '60'));
  const counting = Promise.all(writers.map(async ({ stdout }) => Number(await text(stdout))));
  let stored: number | undefined;
  void counting.then((counts) => {
    stored = counts.reduce((sum, count) => sum + count);
  });
  const seen = await tail(opened.url, () => stored);
  expect(stored).toBeGreaterThan(400);
  expect(seen).toEqual(Array.from({ length: stored ?? 0 }, (_, index) => index + 1));
  const log = await readAll(opened.store, everything);
  for (const stream of Map.groupBy(log, (event) => event.stream).values()) {
    expect(stream.map(({ version }) => version)).toEqual(stream.map((_, index) => index + 1));
  }
});

/** The positions a plain reader sees, each poll behind the last one, until it has come to as many as were stored. */
async function tail(url: string, total: () => number | undefined): Promise<readonly number[]> {
  const client = postgres(url, { max: 1 });
  const seen: number[] = [];
  for (;;) {
    // Asked before the read: what was stored by then must be in it.
    const wanted = total();
    const rows = await client<{ position: number }[]>`
      select position::int from livefold.events where position > ${seen.at(-1) ?? 0} order by position limit 500`;
    seen.push(...rows.map(({ position }) => position));
    if (wanted !== undefined && rows.length === 0) break;
  }
  await client.end();
  return seen;
}

test('of many writers of one version on eight connections exactly one wins, each time', async () => {
  await using opened = await openTestStore();
  const stores = Array.from({ length: 8 }, () => opened.another());
  for (let version = 0; version < 25; version += 1) {
    const expected = [{ stream: 'Sample-1', version }];
    const outcomes = await Promise.all(
      stores.map((store) => outcomeOf(store.append({ events: sampleEvents(1), expected }))),
    );
    expect(outcomes.filter((outcome) => outcome === 'appended')).toHaveLength(1);
  }
  const versions = (await readStream(opened.store, 'Sample-1')).map(({ version }) => version);
  expect(versions).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
});

test('of eight connections with one condition exactly one wins, each time', async () => {
  await using opened = await openTestStore();
  const stores = Array.from({ length: 8 }, () => opened.another());
  for (let round = 0; round < 25; round += 1) {
    const condition = { query: { items: [{ tags: [`round:${round}`] }] }, after: 0 };
    const item = () => ({ events: sampleEvents(2, { tags: [`round:${round}`] }), condition });
    const outcomes = await Promise.all(stores.map((store) => outcomeOf(store.append(item()))));
    expect(outcomes.filter((outcome) => outcome === 'appended')).toHaveLength(1);
  }
  expect(await opened.store.head()).toBe(50);
});

test('behind a transaction that is held open writers wait, readers do not, and none skips an event', async () => {
  await using opened = await openTestStore();
  const [first, second] = [sampleEvents(2), sampleEvents(2)];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const holding = opened.database.session.transaction(async (transaction) => {
    await opened.store.append({ events: first }, { transaction });
    await released;
  });
  await until(() => isLocked(opened.database, 'held'));
  const waiting = opened.another().append({ events: second });
  await until(() => isLocked(opened.database, 'wanted'));
  expect([await opened.store.head(), await readAll(opened.store, everything)]).toEqual([0, []]);
  release();
  await holding;
  expect((await waiting).position).toBe(4);
  expect(idsOf(await readAll(opened.store, everything))).toEqual(idsOf([...first, ...second]));
});

test('a connection that is cut while it holds the log leaves no hole and lets the next one on', async () => {
  await using opened = await openTestStore();
  const holding = opened.database.session.transaction(async (transaction) => {
    await opened.store.append({ events: sampleEvents(3) }, { transaction });
    await opened.database.session.execute(sql`
      select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`);
    await transaction.execute(sql`select 1`);
  });
  await expect(holding).rejects.toThrow();
  expect(await opened.store.append({ events: sampleEvents(1) })).toMatchObject({ position: 1, version: 1 });
});

test("a process that is killed between a caller's rows and the commit leaves neither rows nor events", async () => {
  await using opened = await openTestStore();
  const { session } = opened.database;
  await session.execute(sql`create table rows_of_the_caller (n integer)`);
  const writer = startWriter(opened.url, 'held', 'hold');
  await once(writer.stdout, 'data');
  writer.kill('SIGKILL');
  await once(writer, 'exit');
  expect(await opened.store.append({ events: sampleEvents(1) })).toMatchObject({ position: 1 });
  expect(await session.execute(sql`select * from rows_of_the_caller`)).toHaveLength(0);
  assertDense(await readAll(opened.store, everything));
});
