import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { useGivenServer } from '../../../src/adapters/postgres/engine/given-server.ts';
import { databaseCode, isUnavailable } from '../../../src/adapters/postgres/translate-error.ts';
import { assertRejects } from '../../../src/consumption/contract/sample-events.ts';
import { nextTurn } from '../../../src/kernel/async.ts';
import { openLine } from '../../support/line.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { serve, serveThrough } from './serve.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

type Outcome = 'answered' | 'unavailable' | string;

/** One query, and what becomes of it. */
async function ask({ pipeline }: Database): Promise<Outcome> {
  try {
    await pipeline.execute(sql`select 1`);
    return 'answered';
  } catch (error) {
    return isUnavailable(error) ? 'unavailable' : `failed with ${databaseCode(error)}`;
  }
}

/** Asks in every turn of the event loop until `isDone`: some queries come when the socket is gone and nobody knows it yet. */
async function askInEachTurn(database: Database, isDone: () => boolean): Promise<readonly Outcome[]> {
  const asked: Promise<Outcome>[] = [];
  while (!isDone()) {
    asked.push(ask(database));
    await nextTurn();
  }
  return Promise.all(asked);
}

test('queries that come while their connection goes away all end, and the next one is answered', async () => {
  await using line = await openLine(opened.url);
  const database = openDatabase(line.url);
  for (let cut = 0; cut < 3; cut += 1) {
    expect(await ask(database)).toBe('answered');
    let isCut = false;
    const asking = askInEachTurn(database, () => isCut);
    await line.cut();
    isCut = true;
    const outcomes = await asking;
    expect(outcomes).toContain('unavailable');
    expect(outcomes.filter((outcome) => outcome.startsWith('failed'))).toEqual([]);
  }
  expect(await ask(database)).toBe('answered');
  await database.close();
});

test('a server that takes connections and closes them is unavailable for every query', async () => {
  // In order and without a word, as a proxy does whose database is away.
  await using server = await serve(opened.url, (socket) => socket.end());
  const database = openDatabase(server.url);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => ask(database)));
  expect(new Set(outcomes)).toEqual(new Set(['unavailable']));
  await database.close();
  await assertRejects('DATABASE_UNREACHABLE', useGivenServer(server.url));
});

// The hello, the login, whatever the driver asks of a new connection, the query. An error outside of every promise fails the run.
test('a connection that is lost at any of its first messages fails the query and nothing else', async () => {
  const outcomes: Outcome[] = [];
  for (let last = 1; outcomes.at(-1) !== 'answered'; last += 1) {
    let left = last;
    await using server = await serveThrough(opened.url, (client) =>
      client.on('data', () => {
        left -= 1;
        if (left === 0) client.destroy();
      }),
    );
    const database = openDatabase(server.url);
    const outcome = await ask(database);
    outcomes.push(outcome);
    if (outcome !== 'answered') expect(await ask(database)).toBe('answered');
    await database.close();
  }
  expect(outcomes.length).toBeGreaterThan(2);
  expect(new Set(outcomes.slice(0, -1))).toEqual(new Set(['unavailable']));
});
