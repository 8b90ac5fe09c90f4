import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../src/adapters/postgres/postgres-event-store.ts';
import { createPostgresParkedStore } from '../../src/adapters/postgres/postgres-parked-store.ts';
import { everything } from '../../src/domain/query.ts';
import { sleep } from '../../src/kernel/async.ts';
import type { TestDatabase } from '../support/database.ts';
import { Program } from '../support/program.ts';
import { createTestFolder, type TestFolder } from '../support/test-folder.ts';
import { counted } from './counters.ts';
import { withoutPosition } from './moods.ts';
import { eventually, heldUnits } from './spread.ts';
import { createTalliesDatabase, foldedRows, rowsOf, tallies } from './tallies.ts';

let created: TestDatabase;
let database: Database;
let folder: TestFolder;
beforeAll(async () => {
  created = await createTalliesDatabase();
  database = openDatabase(created.url, { connections: 3 });
  folder = await createTestFolder();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await database.close();
  await created.drop();
});

const badOnes = (): string => join(folder.path, 'bad');

/** Starts a process whose handlers fail at the counters of a file. */
async function start(): Promise<Program> {
  const script = join(import.meta.dirname, 'parked-tallying-process.ts');
  const program = new Program([script, created.url, '3', badOnes()], { env: {} });
  await program.line(/up \d+/);
  return program;
}

test('processes that are killed and started while keys are parked and retried lose nothing and fold nothing twice', async () => {
  const store = createPostgresEventStore({ database });
  const parked = createPostgresParkedStore(database);
  await writeFile(badOnes(), 'c1 c4 all');
  let isWriting = true;
  const writing = (async () => {
    for (let n = 0; isWriting; n += 1) {
      await store.append({ events: [counted(`c${n % 9}`, 'all', `d${n % 5}`)] });
      await sleep(2);
    }
  })();
  const consumers = tallies(3).map(({ name }) => name);
  const total = async (): Promise<number> => {
    const counts = await Promise.all(consumers.map((name) => parked.count(name)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const retryAll = () => Promise.all(consumers.map((name) => parked.ask(name, 'retry')));

  let first = await start();
  const second = await start();
  await eventually(async () => expect(await total()).toBe(12));
  for (const bad of ['c4 d2', 'c1 c4 all', 'd3']) {
    await writeFile(badOnes(), bad);
    await retryAll();
    // In the middle of what was asked for, more or less.
    await sleep(Math.random() * 60);
    await first.end('SIGKILL');
    first = await start();
  }
  isWriting = false;
  await writing;
  await rm(badOnes());
  const head = await store.head();
  await eventually(async () => {
    await retryAll();
    expect(await total()).toBe(0);
    const held = await heldUnits(database.session);
    expect(held.filter(({ position }) => position < head)).toEqual([]);
  });
  const events = await Array.fromAsync(store.read(everything));
  for (const one of tallies(3)) {
    const rows = await rowsOf(database.session, one);
    expect(withoutPosition(rows)).toEqual(withoutPosition(foldedRows(one, events)));
  }
  expect(await database.session.execute(sql`select * from livefold.skipped`)).toHaveLength(0);
  await Promise.all([first, second].map((one) => one.end('SIGTERM')));
});
