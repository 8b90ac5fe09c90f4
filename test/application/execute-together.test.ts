import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Execute } from '../../src/application/execute.ts';
import { Repository } from '../../src/application/repository.ts';
import { readAll } from '../../src/consumption/contract/sample-events.ts';
import { everything } from '../../src/domain/query.ts';
import { createId } from '../../src/kernel/ids.ts';
import { openTestStore, type TestStore } from '../adapters/postgres/open-test-store.ts';
import { Account } from '../domain/bank.ts';
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
const coded = (code: string) => expect.objectContaining({ code });

/** The same log with another cache, as another process has. */
const elsewhere = (): Execute => executorOf(opened.store);

describe('commands on several aggregates', () => {
  const other = (): string => `${id}-other`;
  const streamsSince = async (head: number): Promise<readonly string[]> =>
    (await readAll(opened.store, everything, { after: head })).map(({ stream, type }) => `${stream} ${type}`);

  test('are one append, in order, each deciding on what those before it did', async () => {
    const head = await opened.store.head();
    const receipt = await execute([
      open(other(), {}),
      open(id, {}),
      deposit(other(), { amount: 4 }),
      deposit(id, { amount: 1 }),
      withdraw(other(), { amount: 3 }),
    ]);
    expect(await streamsSince(head)).toEqual([
      `Account-${other()} Opened`,
      `Account-${id} Opened`,
      `Account-${other()} Deposited`,
      `Account-${id} Deposited`,
      `Account-${other()} Withdrawn`,
    ]);
    expect(receipt).toMatchObject({ stream: `Account-${other()}`, version: 3, position: head + 5 });
    expect(receipt.eventIds).toHaveLength(5);
  });

  test('are all refused with one', async () => {
    await execute(open(id, {}));
    const head = await opened.store.head();
    await expect(execute([deposit(id, { amount: 1 }), deposit(other(), { amount: 1 })])).rejects.toEqual(
      rejectedWith('NO_ACCOUNT'),
    );
    await expect(execute([withdraw(id, { amount: 1 }), open(other(), {})])).rejects.toEqual(
      rejectedWith('INSUFFICIENT_FUNDS'),
    );
    expect(await opened.store.head()).toBe(head);
  });

  test('are all decided again when one of the aggregates has changed, even one that they leave as it is', async () => {
    await execute([open(id, {}), open(other(), {})]);
    await elsewhere()(deposit(other(), { amount: 8 }));
    const receipt = await execute([deposit(id, { amount: 1 }), empty(other(), {})]);
    expect(receipt).toMatchObject({ stream: `Account-${other()}`, version: 4 });
    const once = executorOf(opened.store, { tries: 1 });
    await once([deposit(id, { amount: 1 }), deposit(other(), { amount: 1 })]);
    await elsewhere()(withdraw(other(), { amount: 1 }));
    const head = await opened.store.head();
    await expect(once([deposit(id, { amount: 1 }), empty(other(), {})])).rejects.toEqual(
      coded('CONCURRENCY_CONFLICT'),
    );
    expect(await opened.store.head()).toBe(head);
  });

  test('once under one command id', async () => {
    const commandId = createId();
    const commands = [open(id, {}), open(other(), {})];
    const first = await execute(commands, { commandId });
    expect(await elsewhere()(commands, { commandId })).toEqual({ ...first, duplicate: true });
    await expect(execute(commands.toReversed(), { commandId })).rejects.toEqual(coded('COMMAND_ID_REUSED'));
  });

  test('with nothing to do give the last one of them as it is', async () => {
    await execute([open(id, {}), deposit(id, { amount: 1 }), open(other(), {})]);
    await execute(withdraw(id, { amount: 1 }));
    expect(await execute([empty(id, {}), empty(other(), {})])).toMatchObject({
      stream: `Account-${other()}`,
      version: 1,
      eventIds: [],
    });
  });

  test('leave in memory what the log has of each, also of one that they leave as it is', async () => {
    const repository = new Repository(opened.store);
    const own = executorOf(opened.store, { repository });
    const still = `${id}-still`;
    await own(open(still, {}));
    await own(open(`${id}-between`, {}));
    await own([
      open(id, {}),
      open(other(), {}),
      deposit(id, { amount: 2 }),
      empty(still, {}),
      deposit(other(), { amount: 1 }),
    ]);
    const fresh = new Repository(opened.store);
    for (const one of [id, other(), still])
      expect(await repository.load(Account, one)).toEqual(await fresh.load(Account, one));
  });
});
