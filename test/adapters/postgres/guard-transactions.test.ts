import { sql } from 'drizzle-orm';
import type { TransactionSql } from 'postgres';
import { expect, test } from 'vitest';
import { openClient, openDatabase, type Session } from '../../../src/adapters/postgres/database.ts';
import { databaseCode } from '../../../src/adapters/postgres/translate-error.ts';
import { type Line, openLine } from '../../support/line.ts';
import { openTestStore } from './open-test-store.ts';

/** Runs a transaction behind a line that it may cut; gives the code it failed with, and what the next query says. */
async function runAndRecover(
  work: (transaction: Session, line: Line) => Promise<void>,
): Promise<readonly [string | undefined, unknown]> {
  await using opened = await openTestStore();
  await using line = await openLine(opened.url);
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

test('an error of another server rolls back as ever, though its code is that of a lost connection', async () => {
  const outcome = await runAndRecover(async (transaction) => {
    await transaction.execute(sql`select 1`);
    throw Object.assign(new Error('no such service'), { code: 'ECONNREFUSED' });
  });
  expect(outcome).toEqual(['ECONNREFUSED', { alive: 1 }]);
});

test('a server that is out of memory keeps its connection: the transaction is rolled back', async () => {
  const outcome = await runAndRecover(async (transaction) => {
    await transaction.execute(sql`do $$ begin raise exception 'full' using errcode = '53200'; end $$`);
  });
  expect(outcome).toEqual(['53200', { alive: 1 }]);
});

test('a connection that is lost within a savepoint ends the whole transaction', async () => {
  const outcome = await runAndRecover(async (transaction, line) => {
    await transaction.transaction(async (inner) => {
      await inner.execute(sql`select 1`);
      setImmediate(() => void line.cut());
      await inner.execute(sql`select pg_sleep(60)`);
    });
  });
  expect(outcome).toEqual(['CONNECTION_CLOSED', { alive: 1 }]);
});

test('a savepoint that fails alone leaves the transaction as it was', async () => {
  const outcome = await runAndRecover(async (transaction) => {
    const inner = transaction.transaction((nested) => nested.execute(sql`select 1 / 0`));
    await expect(inner).rejects.toThrow();
    await transaction.execute(sql`select 1`);
  });
  expect(outcome).toEqual(['committed', { alive: 1 }]);
});

test('work that goes on after the error of a lost connection is refused and not committed', async () => {
  const { promise: refused, resolve: refuse } = Promise.withResolvers<string | undefined>();
  const outcome = await runAndRecover(async (transaction, line) => {
    setImmediate(() => void line.cut());
    await transaction.execute(sql`select pg_sleep(60)`).then(
      () => {},
      () => {},
    );
    await transaction
      .execute(sql`create table outside_of_the_transaction (n integer)`)
      .catch((error: unknown) => refuse(databaseCode(error)));
  });
  expect(await refused).toBe('DATABASE_UNAVAILABLE');
  expect(outcome).toEqual(['CONNECTION_CLOSED', { alive: 1 }]);
});

test('queries that wait for their turn in a transaction end with its connection', async () => {
  const { promise: settled, resolve: settle } = Promise.withResolvers<readonly string[]>();
  const outcome = await runAndRecover(async (transaction, line) => {
    setImmediate(() => void line.cut());
    // The driver sends what follows a statement with parameters only when that one is answered.
    const asked = [1, 2, 3].map((n) => transaction.execute(sql`select pg_sleep(60), ${n}::int`));
    const outcomes = await Promise.allSettled(asked);
    settle(outcomes.map(({ status }) => status));
  });
  expect(await settled).toEqual(['rejected', 'rejected', 'rejected']);
  expect(outcome).toEqual(['CONNECTION_CLOSED', { alive: 1 }]);
});

type Ending = (sleeping: Promise<unknown>, transaction: TransactionSql) => Promise<unknown>;

// On the bare driver, where what comes behind the error comes before the driver has ended the transaction.
test.each<readonly [string, Ending]>([
  ['passes the error on', (sleeping) => sleeping],
  ['ends as if nothing were', (sleeping) => sleeping.catch(() => 'done')],
  [
    'asks something else',
    (sleeping, transaction) =>
      sleeping.catch(() => transaction.unsafe('create table outside_too (n integer)')),
  ],
])('work that %s when its connection is lost ends with that loss', async (_, end) => {
  await using opened = await openTestStore();
  await using line = await openLine(opened.url);
  const client = openClient(line.url, { max: 1 });
  const working = client.begin((transaction) => {
    setImmediate(() => void line.cut());
    return end(transaction.unsafe('select pg_sleep(60)'), transaction);
  });
  await expect(working).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  expect(await client`select to_regclass('outside_too') as made`).toEqual([{ made: null }]);
  await client.end({ timeout: 1 });
});

test.each(['committed', 'rolled back'])(
  'what is asked of a transaction that was %s is refused, and does not run behind it',
  async (ending) => {
    await using opened = await openTestStore();
    const database = openDatabase(opened.url, { connections: 1 });
    const late = Promise.withResolvers<void>();
    let asked: Promise<unknown> = Promise.resolve();
    const done = database.session.transaction(async (transaction) => {
      await transaction.execute(sql`select 1`);
      asked = late.promise.then(() => transaction.execute(sql`create table late (n integer)`));
      if (ending === 'rolled back') throw new Error('changed my mind');
    });
    await done.catch(() => {});
    late.resolve();
    await expect(asked).rejects.toMatchObject({ cause: { code: 'TRANSACTION_OVER' } });
    const [found] = await database.session.execute(sql`select to_regclass('late') as late`);
    expect(found).toEqual({ late: null });
    await database.close();
  },
);

test('what is asked of a savepoint after its work has ended is refused, while the transaction goes on', async () => {
  await using opened = await openTestStore();
  const database = openDatabase(opened.url, { connections: 1 });
  await database.session.transaction(async (transaction) => {
    let ended: Session | undefined;
    await transaction.transaction(async (savepoint) => {
      ended = savepoint;
    });
    await expect((async () => ended?.execute(sql`select 1`))()).rejects.toMatchObject({
      cause: { code: 'TRANSACTION_OVER' },
    });
    expect(await transaction.execute(sql`select 1 as alive`)).toEqual([{ alive: 1 }]);
  });
  await database.close();
});
