import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/adapters/postgres/database.ts';
import {
  assertDense,
  assertRejects,
  readAll,
  readStream,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import { everything } from '../../../src/domain/query.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await opened.database.session.execute(sql`create table notes (stream text)`);
});
afterAll(() => opened[Symbol.asyncDispose]());

const rollback = new Error('rolled back');

/** Appends, and notes the stream in a table of the caller's own. */
async function appendAndNote(transaction: Session, stream: string): Promise<void> {
  await opened.store.append({ events: sampleEvents(2, { stream }) }, { transaction });
  await transaction.execute(sql`insert into notes values (${stream})`);
}

async function countNotes(stream: string): Promise<number> {
  return (await opened.database.session.execute(sql`select 1 from notes where stream = ${stream}`)).length;
}

test("events commit with the caller's rows", async () => {
  const stream = createId();
  await opened.database.session.transaction((transaction) => appendAndNote(transaction, stream));
  expect([(await readStream(opened.store, stream)).length, await countNotes(stream)]).toEqual([2, 1]);
});

test('several appends in one transaction follow each other', async () => {
  const stream = createId();
  await opened.database.session.transaction(async (transaction) => {
    for (const version of [0, 2]) {
      await opened.store.append(
        { events: sampleEvents(2, { stream }), expected: [{ stream, version }] },
        { transaction },
      );
    }
  });
  expect((await readStream(opened.store, stream)).map(({ version }) => version)).toEqual([1, 2, 3, 4]);
});

test('a rollback leaves no event, no row, no command id, no hole and no notification', async () => {
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  let notifications = 0;
  const listener = postgres(opened.url, { max: 1 });
  await listener.listen('livefold_log', () => {
    notifications += 1;
    resolve();
  });
  const [stream, head] = [createId(), await opened.store.head()];
  const command = { id: createId(), fingerprint: 'x' };
  const rolledBack = opened.database.session.transaction(async (transaction) => {
    await appendAndNote(transaction, stream);
    await opened.store.append({ events: sampleEvents(1), command }, { transaction });
    throw rollback;
  });
  await expect(rolledBack).rejects.toBe(rollback);
  expect([
    await opened.store.head(),
    await countNotes(stream),
    await opened.store.receiptOf(command),
  ]).toEqual([head, 0, null]);
  // Notifications come in commit order: the first one heard is this append's.
  expect(await opened.store.append({ events: sampleEvents(1) })).toMatchObject({ position: head + 1 });
  await heard;
  expect(notifications).toBe(1);
  await listener.end();
});

test('a refused append leaves the transaction usable', async () => {
  const stream = createId();
  await opened.database.session.transaction(async (transaction) => {
    const item = { events: sampleEvents(1, { stream }), expected: [{ stream, version: 3 }] };
    await assertRejects('CONCURRENCY_CONFLICT', opened.store.append(item, { transaction }));
    await appendAndNote(transaction, stream);
  });
  expect((await readStream(opened.store, stream)).length).toBe(2);
});

test('a command id known to another transaction gives its receipt', async () => {
  const item = { events: sampleEvents(2), command: { id: createId(), fingerprint: 'x' } };
  const first = await opened.store.append(item);
  const again = await opened.database.session.transaction((transaction) =>
    opened.store.append(item, { transaction }),
  );
  expect(again).toEqual({ ...first, duplicate: true });
});

test.each(['repeatable read', 'serializable'] as const)(
  'a %s transaction whose view of the log is old conflicts and breaks nothing',
  async (isolationLevel) => {
    const { session } = opened.database;
    const stale = session.transaction(
      async (transaction) => {
        await transaction.execute(sql`select 1 from livefold.events limit 1`);
        await opened.another().append({ events: sampleEvents(1) });
        await opened.store.append({ events: sampleEvents(1) }, { transaction });
      },
      { isolationLevel },
    );
    await assertRejects('CONCURRENCY_CONFLICT', stale);
    assertDense(await readAll(opened.store, everything));
  },
);
