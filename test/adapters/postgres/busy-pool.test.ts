import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { cancellable } from '../../../src/adapters/postgres/cancel-queries.ts';
import { openDatabase, type Session } from '../../../src/adapters/postgres/database.ts';
import { run } from '../../../src/adapters/postgres/statement.ts';
import { nextTurn } from '../../../src/kernel/async.ts';
import { createTestDatabase } from '../../support/database.ts';
import { until } from './until.ts';

/** A pool of two connections with a table, and a session beside it that locks that. */
async function openBusy() {
  const created = await createTestDatabase();
  const [database, other] = [openDatabase(created.url, { connections: 2 }), openDatabase(created.url)];
  await other.session.execute(sql`create table locked (n int)`);
  // Connections that were used before take one statement behind the other.
  for (let round = 0; round < 3; round += 1)
    await Promise.all(['a', 'b'].map((text) => say(database.session, text)));
  return {
    ...{ session: database.session, other: other.session },
    async [Symbol.asyncDispose]() {
      await Promise.all([database.close(), other.close()]);
      await created.drop();
    },
  };
}

const say = async (session: Session, text: string): Promise<unknown> =>
  (await run(session, sql`select ${text}::text`, ([said]) => said))[0];
const read = (session: Session) => run(session, sql`select n from locked`, ([n]) => n);

async function isWaiting(session: Session): Promise<void> {
  const waiting = sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await until(async () => (await run(session, waiting, () => true)).length > 0);
}

test('while one statement waits for a lock, none waits behind it, however many there are', async () => {
  await using opened = await openBusy();
  const { session, other } = opened;
  let blocked: Promise<unknown> = Promise.resolve();
  await other.transaction(async (transaction) => {
    await transaction.execute(sql`lock table locked in access exclusive mode`);
    blocked = read(session);
    await isWaiting(other);
    const texts = Array.from({ length: 40 }, (_, index) => `text ${index}`);
    expect(await Promise.all(texts.map((text) => say(session, text)))).toEqual(texts);
  });
  expect(await blocked).toEqual([]);
});

test('a query that is cancelled before its turn leaves the others their own answers', async () => {
  await using opened = await openBusy();
  const { session, other } = opened;
  const leaving = new AbortController();
  let answers: Promise<unknown> = Promise.resolve();
  await other.transaction(async (transaction) => {
    await transaction.execute(sql`lock table locked in access exclusive mode`);
    const blocked = [read(session), read(session)];
    await isWaiting(other);
    const cancelled = ['x', 'y'].map((text) =>
      cancellable(leaving.signal, () => say(session, text)).catch(() => 'cancelled'),
    );
    const staying = ['one', 'two', 'three', 'four'].map((text) => say(session, text));
    // Each has gone to the driver.
    await nextTurn();
    leaving.abort();
    answers = Promise.all([Promise.all(blocked), Promise.all(cancelled), Promise.all(staying)]);
  });
  expect(await answers).toEqual([
    [[], []],
    ['cancelled', 'cancelled'],
    ['one', 'two', 'three', 'four'],
  ]);
});

test('queries that are cancelled while connections are opened for them leave the pool its connections', async () => {
  await using created = await createTestDatabase();
  const database = openDatabase(created.url, { connections: 2 });
  const leaving = new AbortController();
  const cancelled = ['x', 'y', 'z'].map((text) =>
    cancellable(leaving.signal, () => say(database.session, text)),
  );
  await nextTurn();
  leaving.abort();
  for (const one of cancelled) await expect(one).rejects.toMatchObject({ code: 'ABORTED' });
  const texts = ['one', 'two', 'three', 'four'];
  expect(await Promise.all(texts.map((text) => say(database.session, text)))).toEqual(texts);
  await database.close();
});

test('a transaction that is cancelled with several queries under way ends, and its connection goes on', async () => {
  await using created = await createTestDatabase();
  const database = openDatabase(created.url, { connections: 1 });
  const { session } = database;
  expect(await say(session, 'first')).toBe('first');
  const leaving = new AbortController();
  const cancelled = cancellable(leaving.signal, () =>
    session.transaction(async (transaction) => {
      const slow = run(transaction, sql`select pg_sleep(600)`, () => undefined);
      const rest = ['x', 'y', 'z'].map((text) => say(transaction, text));
      await nextTurn();
      leaving.abort();
      // Whoever tidies up waits for all of them.
      return Promise.allSettled([slow, ...rest]);
    }),
  );
  await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await Promise.all(['one', 'two'].map((text) => say(session, text)))).toEqual(['one', 'two']);
  await database.close();
});
