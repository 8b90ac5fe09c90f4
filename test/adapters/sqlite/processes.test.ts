import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqlitePersistence } from '../../../src/adapters/sqlite/sqlite-persistence.ts';
import {
  assertDense,
  assertRejects,
  readAll,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import { EventLog } from '../../../src/consumption/event-log.ts';
import { follow } from '../../../src/consumption/follow.ts';
import { everything } from '../../../src/domain/query.ts';
import { Program } from '../../support/program.ts';
import { openTestFile } from './open-test-file.ts';

function startWriter(path: string, name: string, appends: string): Program {
  const script = join(import.meta.dirname, 'writer-process.ts');
  return new Program([script, path, name, appends], { env: {} });
}

test('a reader that tails the log beside four writing processes, which made the file at once, misses nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'livefold-sqlite-'));
  const path = join(folder, 'log.sqlite');
  const writers = ['a', 'b', 'c', 'd'].map((name) => startWriter(path, name, '60'));
  const sqlite = await openSqlitePersistence({ path, timeout: 60_000 });
  let total: number | undefined;
  const counting = Promise.all(
    writers.map(async (writer) => Number((await writer.line(/stored (\d+) /))[1])),
  );
  void counting.then((counts) => {
    total = counts.reduce((sum, count) => sum + count);
  });
  const seen: number[] = [];
  for (;;) {
    // Asked before the read: what was stored by then must be in it.
    const wanted = total;
    const page = await readAll(sqlite.events, everything, { after: seen.at(-1) ?? 0, limit: 500 });
    seen.push(...page.map(({ position }) => position));
    if (wanted !== undefined && page.length === 0) break;
  }
  expect(total).toBeGreaterThan(400);
  expect(seen).toEqual(Array.from({ length: total ?? 0 }, (_, index) => index + 1));
  const log = await readAll(sqlite.events, everything);
  for (const stream of Map.groupBy(log, (event) => event.stream).values())
    expect(stream.map(({ version }) => version)).toEqual(stream.map((_, index) => index + 1));
  await sqlite.close();
  expect((await Promise.all(writers.map(({ ended }) => ended))).map(({ code }) => code)).toEqual([
    0, 0, 0, 0,
  ]);
  await rm(folder, { recursive: true });
});

test('a process that is killed in a transaction leaves neither rows nor events, and its lock is free', async () => {
  await using opened = await openTestFile({ timeout: 20 });
  await using writer = startWriter(opened.path, 'held', 'hold');
  await writer.line(/held/);
  await assertRejects('STORE_BUSY', opened.store.append({ events: sampleEvents(1) }));
  expect(await readAll(opened.store, everything)).toEqual([]);
  await writer.end('SIGKILL');
  expect(await opened.store.append({ events: sampleEvents(1) })).toMatchObject({ position: 1, version: 1 });
  await opened.sqlite.transaction(async ({ database }) =>
    expect(database.prepare("select * from sqlite_schema where name = 'rows_of_the_caller'").all()).toEqual(
      [],
    ),
  );
});

test('a process that is killed while it writes has stored what it acknowledged, and no append in part', async () => {
  await using opened = await openTestFile();
  await using writer = startWriter(opened.path, 'killed', 'endless');
  await writer.line(/acknowledged 40;/);
  await writer.end('SIGKILL');
  const acknowledged = [...writer.output.matchAll(/acknowledged (\d+);/g)].map(([, position]) =>
    Number(position),
  );
  const log = await readAll(opened.store, everything);
  assertDense(log);
  expect(log.length).toBeGreaterThanOrEqual(Math.max(...acknowledged));
  expect(log.length % 2).toBe(0);
});

test('what another process appends wakes a follower long before it would look by itself', async () => {
  await using opened = await openTestFile();
  await using wakeUp = opened.sqlite.watch();
  const log = new EventLog(opened.store, { bell: wakeUp.bell });
  const stop = new AbortController();
  const following = (async () => {
    for await (const { position } of follow(log, { signal: stop.signal, timeout: 3_600_000 }))
      if (position >= 60) stop.abort();
  })();
  await using writer = startWriter(opened.path, 'other', '40');
  await writer.line(/stored \d+ /);
  await following;
});
