import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { migrateDatabase } from '../../../src/adapters/postgres/migrate.ts';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { listenForAppends } from '../../../src/adapters/postgres/postgres-wake-up.ts';
import { createExecutor } from '../../../src/application/execute.ts';
import { Repository } from '../../../src/application/repository.ts';
import {
  assertRejects,
  readAll,
  readStream,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import { everything } from '../../../src/domain/query.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { Account } from '../../domain/bank.ts';
import { type Line, openLine } from '../../support/line.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { until } from './until.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

/** A store behind a line that can be cut. One connection, so that the next append takes the same one. */
async function openStoreBehindLine() {
  const line = await openLine(opened.url);
  const database = openDatabase(line.url, { connections: 1 });
  const close = async (): Promise<void> => {
    await database.close();
    await line[Symbol.asyncDispose]();
  };
  return { line, store: createPostgresEventStore({ database }), [Symbol.asyncDispose]: close };
}

/** Lets what runs now be committed, but its answer be lost with the connection. */
async function loseTheAnswer(line: Line, head: number): Promise<void> {
  await until(async () => (await opened.store.head()) >= head);
  await line.cut();
  line.isMute = false;
}

test('a server that refuses connections is DATABASE_UNAVAILABLE for whatever is asked', async () => {
  const url = await closedAddress();
  const database = openDatabase(url);
  const store = createPostgresEventStore({ database });
  const command = { id: 'x', fingerprint: 'x' };
  await assertRejects('DATABASE_UNAVAILABLE', store.append({ events: sampleEvents(1), command }));
  await assertRejects('DATABASE_UNAVAILABLE', store.head());
  await assertRejects('DATABASE_UNAVAILABLE', store.receiptOf(command));
  await assertRejects('DATABASE_UNAVAILABLE', readAll(store, everything));
  await assertRejects('DATABASE_UNAVAILABLE', listenForAppends(url));
  await assertRejects('DATABASE_UNAVAILABLE', migrateDatabase({ url }));
  await database.close();
});

/** An address where nobody listens any more. */
async function closedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return `postgres://nobody@127.0.0.1:${typeof address === 'object' ? address?.port : ''}/none`;
}

test('when the line comes back the same store works again', async () => {
  await using behind = await openStoreBehindLine();
  await behind.store.append({ events: sampleEvents(1) });
  const head = await opened.store.head();
  behind.line.isDown = true;
  await behind.line.cut();
  await assertRejects('DATABASE_UNAVAILABLE', behind.store.append({ events: sampleEvents(1) }));
  behind.line.isDown = false;
  expect((await behind.store.append({ events: sampleEvents(1) })).position).toBe(head + 1);
});

test('an append whose answer was lost is made once, however often it is sent again under its command id', async () => {
  await using behind = await openStoreBehindLine();
  // The first append also prepares the statement; the second one's answer alone is lost.
  const head = (await behind.store.append({ events: sampleEvents(1) })).position;
  const item = { events: sampleEvents(2), command: { id: createId(), fingerprint: 'x' } };
  behind.line.isMute = true;
  const lost = behind.store.append(item);
  await Promise.all([assertRejects('DATABASE_UNAVAILABLE', lost), loseTheAnswer(behind.line, head + 2)]);
  const again = { ...item, events: sampleEvents(2) };
  expect(await behind.store.append(again)).toMatchObject({
    position: head + 2,
    eventIds: item.events.map(({ id }) => id),
    duplicate: true,
  });
  expect(await opened.store.head()).toBe(head + 2);
});

test('commands whose shared answer was lost are not carried out a second time behind the caller', async () => {
  await using behind = await openStoreBehindLine();
  const accounts = [createId(), createId(), createId()];
  const execute = createExecutor({ store: behind.store, repository: new Repository(behind.store) });
  await Promise.all(accounts.map((id) => execute(Account.commands.open(id, {}))));
  const head = await opened.store.head();
  behind.line.isMute = true;
  const lost = Promise.allSettled(accounts.map((id) => execute(Account.commands.deposit(id, { amount: 1 }))));
  await loseTheAnswer(behind.line, head + accounts.length);
  for (const outcome of await lost) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'DATABASE_UNAVAILABLE' } });
  }
  for (const id of accounts) expect(await readStream(opened.store, `Account-${id}`)).toHaveLength(2);
});
