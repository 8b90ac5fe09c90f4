import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresPersistence } from '../../../src/adapters/postgres/postgres-persistence.ts';
import { assertRejects, sampleEvents } from '../../../src/consumption/contract/sample-events.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

const snapshot = { stream: 'A', version: 1, position: 1, schemaVersion: 1, state: {}, subjects: [] };

test('a database that takes no writes is STORE_READ_ONLY for all that writes, and can be read', async () => {
  await opened.store.append({ events: sampleEvents(2) });
  const database = openDatabase(`${opened.url}?default_transaction_read_only=on`);
  const { events, snapshots, tracking, keys, archive, transaction } = createPostgresPersistence({ database });
  const appends = [1, 2, 3].map(() => events.append({ events: sampleEvents(1) }));
  for (const append of appends) await assertRejects('STORE_READ_ONLY', append);
  await assertRejects('STORE_READ_ONLY', snapshots.save(snapshot));
  await assertRejects('STORE_READ_ONLY', tracking.advance('one', 1));
  await assertRejects('STORE_READ_ONLY', keys.addKeys([]));
  await assertRejects(
    'STORE_READ_ONLY',
    archive.restore({ events: [], commands: [{ id: 'c', fingerprint: 'f', position: 2, events: 0 }] }),
  );
  await assertRejects(
    'STORE_READ_ONLY',
    transaction((own) => events.append({ events: sampleEvents(1) }, { transaction: own })),
  );
  expect(await events.head()).toBe(2);
  expect(await snapshots.loadTails(['Sample-1'])).toMatchObject([
    { events: [{ version: 1 }, { version: 2 }] },
  ]);
  await database.close();
});

test('a full disk is STORE_FULL: nothing is stored, and a batch is not tried again event by event', async () => {
  const head = await opened.store.head();
  // What Postgres says when the disk is full, https://www.postgresql.org/docs/current/errcodes-appendix.html.
  await opened.database.session.execute(sql`create sequence tries`);
  await opened.database.session.execute(
    sql`create function full_disk() returns trigger language plpgsql as $$
      begin perform nextval('tries'); raise exception 'could not extend file' using errcode = 'disk_full'; end $$`,
  );
  await opened.database.session.execute(
    sql`create trigger full_disk before insert on livefold.tags for each statement execute function full_disk()`,
  );
  const command = { id: 'lost', fingerprint: 'x' };
  const appends = Array.from({ length: 5 }, (_, n) =>
    opened.store.append({ events: sampleEvents(2, { tags: ['a'] }), ...(n === 0 ? { command } : {}) }),
  );
  for (const append of appends) {
    await expect(append).rejects.toMatchObject({
      code: 'STORE_FULL',
      message: expect.stringContaining('make room'),
      fields: { code: '53100' },
    });
  }
  const [tries] = await opened.database.session.execute(sql`select last_value as n from tries`);
  expect(tries).toEqual({ n: 1 });
  await opened.database.session.execute(sql`drop trigger full_disk on livefold.tags`);
  expect([await opened.store.head(), await opened.store.receiptOf(command)]).toEqual([head, null]);
  expect(await opened.store.append({ events: sampleEvents(1) })).toMatchObject({ position: head + 1 });
});
