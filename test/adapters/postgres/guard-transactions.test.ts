import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase, type Session } from '../../../src/adapters/postgres/database.ts';
import { databaseCode } from '../../../src/adapters/postgres/translate-error.ts';
import { type DatabaseLine, openDatabaseLine } from './database-line.ts';
import { openTestStore } from './open-test-store.ts';

/** Runs a transaction behind a line that it may cut; gives the code it failed with, and what the next query says. */
async function runAndRecover(
  work: (transaction: Session, line: DatabaseLine) => Promise<void>,
): Promise<readonly [string | undefined, unknown]> {
  await using opened = await openTestStore();
  await using line = await openDatabaseLine(opened.url);
  const database = openDatabase(line.url, { connections: 1 });
  const code = await database.session
    .transaction((transaction) => work(transaction, line))
    .then(
      () => 'committed',
      (error: unknown) => databaseCode(error) ?? String(error),
    );
  const [row] = await database.session.execute(sql`select 1 as alive`);
  await database.close();
  return [code, row];
}

// An error thrown outside of every promise, as postgres.js does without the guard, fails the run.
test('a connection that is lost during a statement ends the transaction and nothing else', async () => {
  const outcome = await runAndRecover(async (transaction, line) => {
    await transaction.execute(sql`select 1`);
    setImmediate(() => void line.cut());
    await transaction.execute(sql`select pg_sleep(60)`);
  });
  expect(outcome).toEqual(['CONNECTION_CLOSED', { alive: 1 }]);
});

test('a connection that is lost between two statements ends the transaction and nothing else', async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const outcome = await runAndRecover(async (transaction, line) => {
    await transaction.execute(sql`select 1`);
    await line.cut();
    const failing = transaction.execute(sql`create table outside_of_the_transaction (n integer)`);
    await failing.catch((error: unknown) => end(String(error)));
  });
  expect(await ended).toContain('create table');
  expect(outcome).toEqual(['CONNECTION_CLOSED', { alive: 1 }]);
});

test('work that ends after its connection was lost is not committed', async () => {
  const outcome = await runAndRecover(async (transaction, line) => {
    await transaction.execute(sql`select 1`);
    await line.cut();
  });
  expect(outcome).toEqual(['CONNECTION_CLOSED', { alive: 1 }]);
});

test('other errors roll back as ever', async () => {
  const outcome = await runAndRecover(async (transaction) => {
    await transaction.execute(sql`select 1`);
    throw new Error('changed my mind');
  });
  expect(outcome).toEqual([expect.stringContaining('changed my mind'), { alive: 1 }]);
});
