import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresPersistence } from '../../../src/adapters/postgres/postgres-persistence.ts';
import { assertRejects, readStream, sampleEvents } from '../../../src/consumption/contract/sample-events.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { openLine } from '../../support/line.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { until } from './until.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await opened.database.session.execute(sql`create table notes (stream text)`);
});
afterAll(() => opened[Symbol.asyncDispose]());

async function countNotes(stream: string): Promise<number> {
  return (await opened.database.session.execute(sql`select 1 from notes where stream = ${stream}`)).length;
}

/** Appends and notes it in one transaction of the caller, over a line that `meanwhile` may cut when all but the commit is done. */
async function openCaller() {
  const line = await openLine(opened.url);
  const database = openDatabase(line.url, { connections: 1 });
  const persistence = createPostgresPersistence({ database });
  const command = { id: createId(), fingerprint: 'x' };
  const stream = `Noted-${command.id}`;
  return {
    line,
    stream,
    command,
    appendAndNote: (meanwhile: () => Promise<void> = async () => {}) =>
      persistence.transaction(async (transaction) => {
        const item = { events: sampleEvents(2, { stream }), command };
        const receipt = await persistence.events.append(item, { transaction });
        if (!receipt.duplicate) await transaction.execute(sql`insert into notes values (${stream})`);
        await meanwhile();
        return receipt;
      }),
    async [Symbol.asyncDispose]() {
      await database.close();
      await line[Symbol.asyncDispose]();
    },
  };
}

test("a caller's transaction whose commit was carried out and not answered is done once when it is done again", async () => {
  await using caller = await openCaller();
  const head = await opened.store.head();
  const lost = caller.appendAndNote(async () => {
    // From here on the server hears, and nobody hears the server.
    caller.line.isMute = true;
  });
  const cutBehindCommit = async (): Promise<void> => {
    await until(async () => (await opened.store.head()) === head + 2);
    await caller.line.cut();
    caller.line.isMute = false;
  };
  await Promise.all([assertRejects('DATABASE_UNAVAILABLE', lost), cutBehindCommit()]);
  const again = await caller.appendAndNote();
  expect(again).toMatchObject({ position: head + 2, version: 2, duplicate: true });
  expect([(await readStream(opened.store, caller.stream)).length, await countNotes(caller.stream)]).toEqual([
    2, 1,
  ]);
  expect(await opened.store.head()).toBe(head + 2);
});

test("a caller's transaction that was cut before its commit left nothing, and is done when it is done again", async () => {
  await using caller = await openCaller();
  const head = await opened.store.head();
  await assertRejects(
    'DATABASE_UNAVAILABLE',
    caller.appendAndNote(() => caller.line.cut()),
  );
  expect([
    await opened.store.head(),
    await countNotes(caller.stream),
    await opened.store.receiptOf(caller.command),
  ]).toEqual([head, 0, null]);
  expect(await caller.appendAndNote()).toMatchObject({ position: head + 2, duplicate: false });
  expect([(await readStream(opened.store, caller.stream)).length, await countNotes(caller.stream)]).toEqual([
    2, 1,
  ]);
});
