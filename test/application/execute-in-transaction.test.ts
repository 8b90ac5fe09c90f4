import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Execute } from '../../src/application/execute.ts';
import { Repository } from '../../src/application/repository.ts';
import { readStream } from '../../src/consumption/contract/sample-events.ts';
import { createId } from '../../src/kernel/ids.ts';
import { openTestStore, type TestStore } from '../adapters/postgres/open-test-store.ts';
import { Account, registerCustomer } from '../domain/bank.ts';
import { executorOf } from './open-executor.ts';

const { open, deposit, withdraw, empty } = Account.commands;

let opened: TestStore;
let execute: Execute;
/** A new account for each test. */
let id: string;

beforeAll(async () => {
  opened = await openTestStore();
});
beforeEach(() => {
  execute = executorOf(opened.store);
  id = createId();
});
afterAll(() => opened[Symbol.asyncDispose]());

const rejectedWith = (reason: string) =>
  expect.objectContaining({ code: 'COMMAND_REJECTED', fields: { reason } });
const typesOf = async (): Promise<readonly string[]> =>
  (await readStream(opened.store, `Account-${id}`)).map(({ type }) => type);

describe('in a transaction of the caller', () => {
  test('a command is there once that commits', async () => {
    await opened.database.session.transaction(async (transaction) => {
      await execute(open(id, {}), { transaction });
      expect(await typesOf()).toEqual([]);
    });
    expect(await typesOf()).toEqual(['Opened']);
    expect(await execute(deposit(id, { amount: 2 }))).toMatchObject({ version: 2 });
  });

  test('a second command sees what the first one did', async () => {
    const repository = new Repository(opened.store);
    const own = executorOf(opened.store, { repository });
    await opened.database.session.transaction(async (transaction) => {
      await own(open(id, {}), { transaction });
      await own(deposit(id, { amount: 3 }), { transaction });
      await expect(own(withdraw(id, { amount: 4 }), { transaction })).rejects.toEqual(
        rejectedWith('INSUFFICIENT_FUNDS'),
      );
      expect((await own(empty(id, {}), { transaction })).eventIds).toHaveLength(2);
      expect(await repository.loadFresh(Account, id, { transaction })).toMatchObject({ version: 4 });
      expect(await repository.load(Account, id)).toMatchObject({ version: 0 });
    });
    expect(await repository.load(Account, id)).toMatchObject({ version: 4 });
  });

  test('a decision sees what a command before it did', async () => {
    const email = `${id}@example.org`;
    await opened.database.session.transaction(async (transaction) => {
      await execute(registerCustomer({ id, email }), { transaction });
      await expect(execute(registerCustomer({ id: 'b', email }), { transaction })).rejects.toEqual(
        rejectedWith('EMAIL_TAKEN'),
      );
    });
  });

  test('a command id of the same transaction gives its receipt when the domain would say no by now', async () => {
    const commandId = createId();
    await execute([open(id, {}), deposit(id, { amount: 5 })]);
    await opened.database.session.transaction(async (transaction) => {
      const first = await execute(withdraw(id, { amount: 5 }), { transaction, commandId });
      expect(await execute(withdraw(id, { amount: 5 }), { transaction, commandId })).toEqual({
        ...first,
        duplicate: true,
      });
    });
  });

  test('a command that is rolled back never was, also for the next one', async () => {
    await execute(open(id, {}));
    const rolledBack = opened.database.session.transaction(async (transaction) => {
      await execute(deposit(id, { amount: 5 }), { transaction });
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    await expect(execute(withdraw(id, { amount: 5 }))).rejects.toEqual(rejectedWith('INSUFFICIENT_FUNDS'));
    expect(await typesOf()).toEqual(['Opened']);
  });
});
