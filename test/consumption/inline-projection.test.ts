import { sql } from 'drizzle-orm';
import { expect, test, vi } from 'vitest';
import type { Session } from '../../src/adapters/postgres/database.ts';
import { counted, labelled, removed } from './counters.ts';
import { openCounters } from './open-counters.ts';
import { writeConcurrently } from './write-concurrently.ts';

const rollback = new Error('rolled back');

test('an inline projection shows the row with the receipt', async () => {
  await using opened = await openCounters({ mode: 'inline' });
  for (let total = 1; total <= 20; total += 1) {
    const position = await opened.append(counted('a'));
    expect(await opened.rows()).toEqual([{ id: 'a', total, label: null, position }]);
  }
});

test("it is rolled back with the caller's transaction", async () => {
  await using opened = await openCounters({ mode: 'inline' });
  const rolledBack = opened.session.transaction(async (transaction) => {
    await opened.backend.store.append({ events: [counted('a')] }, { transaction: transaction as Session });
    expect(await transaction.execute(sql`select total from counters`)).toEqual([{ total: 1 }]);
    throw rollback;
  });
  await expect(rolledBack).rejects.toBe(rollback);
  expect(await opened.rows()).toEqual([]);
  await opened.append(counted('b'));
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('an append that it cannot fold is not stored', async () => {
  await using opened = await openCounters({ mode: 'inline' });
  await opened.session.execute(sql`alter table counters add constraint small check (total < 2)`);
  await opened.append(counted('a'));
  await expect(opened.append(counted('a'))).rejects.toMatchObject({
    code: 'PROJECTION_FAILED',
    fields: { projection: 'counters', type: 'Counted', key: 'a' },
    cause: { code: 'ROW_REFUSED' },
  });
  expect(await opened.backend.log.head()).toBe(1);
});

test('switched on with a log there already, it has caught up by the next receipt', async () => {
  await using earlier = await openCounters();
  await writeConcurrently([earlier], 30);
  await earlier.settle();
  await earlier.backend.stop();
  await using opened = await openCounters({ url: earlier.url, mode: 'inline' });
  await opened.session.execute(sql`truncate counters`);
  await opened.session.execute(sql`update livefold.tracking set position = 0`);
  await opened.append(counted('z'));
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('two processes with writers each fold each event once, in the order of the log', async () => {
  await using one = await openCounters({ mode: 'inline' });
  await using other = await openCounters({ url: one.url, mode: 'inline' });
  await writeConcurrently([one, other, one, other], 20);
  expect(await one.rows()).toEqual(await one.folded());
});

test('the changes reach the feed of every process', async () => {
  await using one = await openCounters({ mode: 'inline' });
  await using other = await openCounters({ url: one.url, mode: 'inline' });
  const position = await one.append(counted('a'), removed('a'), counted('b'));
  await Promise.all([one, other].map(({ running }) => running.waitFor(position, { timeout: 30_000 })));
  await vi.waitFor(() => expect([one.running.status, other.running.status]).toEqual(['LIVE', 'LIVE']));
});

test("the append's transaction keeps the caller's settings: it is as durable as any other", async () => {
  await using opened = await openCounters({ mode: 'inline' });
  await opened.session.transaction(async (transaction) => {
    await opened.backend.store.append({ events: [counted('a')] }, { transaction: transaction as Session });
    const [settings] = await transaction.execute(
      sql`select current_setting('synchronous_commit') as commits, current_setting('enable_seqscan') as walks`,
    );
    expect(settings).toEqual({ commits: 'on', walks: 'on' });
  });
});

test('of appends that go out together only the one that cannot be folded fails', async () => {
  const onFold = (_: unknown, key: string) => {
    // Which looks like a database that is out of reach, and is not.
    if (key === 'bad') throw Object.assign(new RangeError('too much'), { code: 'ECONNREFUSED' });
    return undefined;
  };
  await using opened = await openCounters({ mode: 'inline', onFold });
  const names = ['a', 'b', 'bad', 'a', 'c', 'bad', 'd'];
  const outcomes = await Promise.allSettled(names.map((name) => opened.append(counted(name))));
  expect(outcomes.map(({ status }) => status)).toEqual(
    names.map((name) => (name === 'bad' ? 'rejected' : 'fulfilled')),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  expect(failed?.reason).toMatchObject({
    code: 'PROJECTION_FAILED',
    fields: { projection: 'counters', key: 'bad', type: 'Counted' },
    cause: { code: 'HANDLER_FAILED', cause: new RangeError('too much') },
  });
  expect(await opened.rows()).toEqual(await opened.folded());
  expect(await opened.backend.log.head()).toBe(5);
});

test("two rows that cannot be there together are no conflict of the append's own", async () => {
  await using opened = await openCounters({ mode: 'inline' });
  await opened.session.execute(sql`create unique index one_label on counters (label)`);
  await opened.append(counted('a', 'b'), labelled('a', 'x'));
  await expect(opened.append(labelled('b', 'x'))).rejects.toMatchObject({
    code: 'PROJECTION_FAILED',
    fields: { key: 'b', code: '23505' },
  });
});

test("a caller's transaction goes on without the append that cannot be folded", async () => {
  const onFold = (_: unknown, key: string) => {
    if (key === 'bad') throw new RangeError('too much');
    return undefined;
  };
  await using opened = await openCounters({ mode: 'inline', onFold });
  await opened.session.transaction(async (tx) => {
    const transaction = tx as Session;
    const { store } = opened.backend;
    await expect(store.append({ events: [counted('bad')] }, { transaction })).rejects.toMatchObject({
      code: 'PROJECTION_FAILED',
    });
    await store.append({ events: [counted('good')] }, { transaction });
  });
  expect(await opened.rows()).toMatchObject([{ id: 'good', total: 1 }]);
  expect(await opened.backend.log.head()).toBe(1);
});
