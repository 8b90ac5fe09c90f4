import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createPostgresPersistence } from '../../src/adapters/postgres/postgres-persistence.ts';
import type { Execute } from '../../src/application/execute.ts';
import { Repository } from '../../src/application/repository.ts';
import { readAll, readStream } from '../../src/consumption/contract/sample-events.ts';
import { aggregate } from '../../src/domain/aggregate.ts';
import { event } from '../../src/domain/event.ts';
import { EventRegistry } from '../../src/domain/event-registry.ts';
import { fold } from '../../src/domain/fold.ts';
import { everything } from '../../src/domain/query.ts';
import { createId } from '../../src/kernel/ids.ts';
import { openTestStore, type TestStore } from '../adapters/postgres/open-test-store.ts';
import { Account, Opened, registerCustomer } from '../domain/bank.ts';
import { mapped } from './mapped.ts';
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
const typesOf = async (): Promise<readonly string[]> =>
  (await readStream(opened.store, `Account-${id}`)).map(({ type }) => type);

/** The same log with another cache, as another process has. */
const elsewhere = (): Execute => executorOf(opened.store);

describe('a command', () => {
  test('is validated, decided and stored, and gives a receipt', async () => {
    const receipt = await execute(open(id, { owner: ' Ada ' }));
    const [stored] = await readStream(opened.store, `Account-${id}`);
    expect(stored).toMatchObject({ type: 'Opened', data: { owner: 'Ada' }, tags: ['owner:Ada'], version: 1 });
    expect(receipt).toEqual({
      position: stored?.position,
      stream: `Account-${id}`,
      version: 1,
      eventIds: [stored?.id],
      duplicate: false,
    });
    expect(receipt.position).toBe(await opened.store.head());
  });

  test('carries its envelope to the event', async () => {
    const occurredAt = new Date('2010-12-01T08:26:00Z');
    const envelope = {
      correlationId: 'c1',
      causationId: 'c2',
      actor: 'user:1',
      tenant: 'acme',
      metadata: { from: 'test' },
      occurredAt,
    };
    await execute(open(id, {}), envelope);
    expect(await readStream(opened.store, `Account-${id}`)).toMatchObject([envelope]);
  });

  test('names itself as the cause when nothing else is named', async () => {
    const commandId = createId();
    await execute(open(id, {}), { commandId });
    expect(await readStream(opened.store, `Account-${id}`)).toMatchObject([
      { correlationId: commandId, causationId: commandId },
    ]);
  });

  test('sees the business time as its now', async () => {
    await execute([open(id, {}), deposit(id, { amount: 3 }), withdraw(id, { amount: 1 })], {
      occurredAt: new Date(0),
    });
    expect((await readStream(opened.store, `Account-${id}`)).at(-1)?.data).toEqual({
      amount: 1,
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  test('sees the clock as its now otherwise', async () => {
    const late = executorOf(opened.store, { clock: () => new Date(86_400_000) });
    await late([open(id, {}), deposit(id, { amount: 3 }), withdraw(id, { amount: 1 })]);
    expect((await readStream(opened.store, `Account-${id}`)).at(-1)).toMatchObject({
      data: { at: '1970-01-02T00:00:00.000Z' },
      occurredAt: new Date(86_400_000),
    });
  });

  test('with an input that does not fit is refused with the fault, and stores nothing', async () => {
    const fault = {
      code: 'BAD_USER_INPUT',
      fields: { issues: [expect.objectContaining({ path: ['amount'] })] },
    };
    await expect(execute([open(id, {}), deposit(id, { amount: -1 })])).rejects.toMatchObject(fault);
    expect(await typesOf()).toEqual([]);
  });

  test('that the domain rejects gives its reason, and stores nothing', async () => {
    await expect(execute(deposit(id, { amount: 1 }))).rejects.toEqual(rejectedWith('NO_ACCOUNT'));
    expect(await typesOf()).toEqual([]);
  });

  test('that decides an event of a type that nobody listed is refused, and stores nothing', async () => {
    const listed = executorOf(opened.store, { registry: new EventRegistry([Opened]) });
    await listed(open(id, {}));
    await expect(listed(deposit(id, { amount: 1 }))).rejects.toEqual(coded('UNKNOWN_EVENT_TYPE'));
    expect(await typesOf()).toEqual(['Opened']);
  });

  test('that fails leaves in memory what the log has', async () => {
    const repository = new Repository(opened.store);
    const own = executorOf(opened.store, { repository, tries: 1 });
    await own([open(id, {}), deposit(id, { amount: 3 })]);
    const whole = await new Repository(opened.store).load(Account, id);
    await expect(own([deposit(id, { amount: 1 }), withdraw(id, { amount: 9 })])).rejects.toThrow();
    await expect(own([deposit(id, { amount: 1 }), deposit(id, { amount: -1 })])).rejects.toThrow();
    await expect(own(deposit(id, { amount: 1 }), { actor: '\0' })).rejects.toEqual(coded('INVALID_APPEND'));
    expect(await repository.load(Account, id)).toEqual(whole);
  });

  test('with nothing to do gives a receipt without events', async () => {
    await execute(open(id, {}));
    expect(await execute(empty(id, {}))).toEqual({
      position: await opened.store.head(),
      stream: `Account-${id}`,
      version: 1,
      eventIds: [],
      duplicate: false,
    });
  });

  test.each(['', '\0', '\ud800', 'x'.repeat(256)])(
    'for an id that no store can keep is refused: %j',
    async (bad) => {
      if (bad !== '') await expect(execute(open(bad, {}))).rejects.toEqual(coded('BAD_USER_INPUT'));
      await expect(execute(open(id, {}), { commandId: bad })).rejects.toEqual(coded('BAD_USER_INPUT'));
      expect(await typesOf()).toEqual([]);
    },
  );
});

describe('several commands', () => {
  test('on one aggregate are one append, each deciding on what the one before did', async () => {
    const receipt = await execute([open(id, {}), deposit(id, { amount: 4 }), empty(id, {})]);
    expect(await typesOf()).toEqual(['Opened', 'Deposited', 'Withdrawn', 'Withdrawn']);
    expect([receipt.version, receipt.eventIds.length]).toEqual([4, 4]);
    expect(
      new Set((await readStream(opened.store, `Account-${id}`)).map(({ recordedAt }) => recordedAt.getTime()))
        .size,
    ).toBe(1);
  });

  test('are all refused with one', async () => {
    await expect(execute([open(id, {}), withdraw(id, { amount: 1 })])).rejects.toEqual(
      rejectedWith('INSUFFICIENT_FUNDS'),
    );
    expect(await typesOf()).toEqual([]);
  });

  test('none at all, or a decision among them, are refused', async () => {
    await expect(execute([])).rejects.toEqual(coded('BAD_USER_INPUT'));
    const among = [open(id, {}), registerCustomer({ id, email: id })];
    // @ts-expect-error a decision is no command of an aggregate
    await expect(execute(among)).rejects.toEqual(coded('BAD_USER_INPUT'));
    expect(await typesOf()).toEqual([]);
  });
});

describe('a command id', () => {
  test('again with the same input gives the first receipt', async () => {
    const commandId = createId();
    const first = await execute([open(id, {}), deposit(id, { amount: 1 })], { commandId });
    expect(await execute([open(id, {}), deposit(id, { amount: 1 })], { commandId })).toEqual({
      ...first,
      duplicate: true,
    });
    expect(await elsewhere()([open(id, {}), deposit(id, { amount: 1 })], { commandId })).toEqual({
      ...first,
      duplicate: true,
    });
    expect(await typesOf()).toEqual(['Opened', 'Deposited']);
  });

  test('again with another input, command or aggregate is refused', async () => {
    const commandId = createId();
    await execute(open(id, { owner: 'Ada' }), { commandId });
    for (const other of [
      open(id, { owner: 'Bob' }),
      open(`${id}x`, { owner: 'Ada' }),
      empty(id, {}),
      registerCustomer({ id, email: 'x' }),
    ]) {
      await expect(execute(other, { commandId })).rejects.toEqual(coded('COMMAND_ID_REUSED'));
    }
    expect(await typesOf()).toEqual(['Opened']);
  });

  test('gives the first receipt even when the domain would say no by now', async () => {
    const commandId = createId();
    await execute([open(id, {}), deposit(id, { amount: 5 })]);
    const first = await execute(withdraw(id, { amount: 5 }), { commandId });
    expect(await execute(withdraw(id, { amount: 5 }), { commandId })).toEqual({ ...first, duplicate: true });
    await expect(execute(withdraw(id, { amount: 6 }), { commandId })).rejects.toEqual(
      coded('COMMAND_ID_REUSED'),
    );
  });

  test('again leaves in memory what was done once', async () => {
    const repository = new Repository(opened.store);
    const own = executorOf(opened.store, { repository });
    await own(open(id, {}));
    const commandId = createId();
    for (let n = 0; n < 2; n += 1) await own(deposit(id, { amount: 5 }), { commandId });
    expect(await repository.load(Account, id)).toMatchObject({ version: 2, state: { balance: 5 } });
  });

  test('of a rejected command is free', async () => {
    const commandId = createId();
    await expect(execute(deposit(id, { amount: 1 }), { commandId })).rejects.toEqual(
      rejectedWith('NO_ACCOUNT'),
    );
    await execute(open(id, {}));
    expect(await execute(deposit(id, { amount: 1 }), { commandId })).toMatchObject({
      duplicate: false,
      version: 2,
    });
  });

  test('of a command with nothing to do is remembered', async () => {
    const commandId = createId();
    await execute(open(id, {}));
    const first = await execute(empty(id, {}), { commandId });
    await execute(deposit(id, { amount: 2 }));
    expect(await execute(empty(id, {}), { commandId })).toMatchObject({
      position: first.position,
      eventIds: [],
      duplicate: true,
    });
    expect(await typesOf()).toEqual(['Opened', 'Deposited']);
  });
});

describe('what another process stored meanwhile', () => {
  test('is seen before a command is rejected', async () => {
    await execute(open(id, {}));
    await elsewhere()(deposit(id, { amount: 10 }));
    expect(await execute(withdraw(id, { amount: 10 }))).toMatchObject({ version: 3 });
  });

  test('is seen before a command is accepted', async () => {
    await execute([open(id, {}), deposit(id, { amount: 10 })]);
    await elsewhere()(withdraw(id, { amount: 10 }));
    await expect(execute(withdraw(id, { amount: 10 }))).rejects.toEqual(rejectedWith('INSUFFICIENT_FUNDS'));
  });

  test('is seen before there is nothing to do', async () => {
    await execute(open(id, {}));
    await elsewhere()(deposit(id, { amount: 10 }));
    expect((await execute(empty(id, {}))).eventIds).toHaveLength(2);
  });

  test('is no reason to fail: the command is decided again', async () => {
    await execute(open(id, {}));
    await elsewhere()(deposit(id, { amount: 1 }));
    expect(await execute(deposit(id, { amount: 2 }))).toMatchObject({ version: 3 });
  });

  test('is a conflict when there are no tries left', async () => {
    const once = executorOf(opened.store, { tries: 1 });
    await once(open(id, {}));
    await elsewhere()(deposit(id, { amount: 1 }));
    await expect(once(deposit(id, { amount: 2 }))).rejects.toEqual(coded('CONCURRENCY_CONFLICT'));
    expect(await once(deposit(id, { amount: 2 }))).toMatchObject({ version: 3 });
  });
});

describe('a decision', () => {
  test('holds over all streams', async () => {
    const email = `${id}@example.org`;
    const receipt = await execute(registerCustomer({ id, email }));
    expect(receipt).toMatchObject({ stream: `Customer-${id}`, version: 1 });
    await expect(execute(registerCustomer({ id: 'other', email: email.toUpperCase() }))).rejects.toEqual(
      rejectedWith('EMAIL_TAKEN'),
    );
    expect(await readAll(opened.store, { items: [{ tags: [`email:${email}`] }] })).toHaveLength(1);
  });

  test('is not disturbed by events that its query does not mean', async () => {
    const once = executorOf(opened.store, { tries: 1 });
    await once(registerCustomer({ id, email: `${id}@1` }));
    await once(registerCustomer({ id, email: `${id}@2` }));
    expect(await readStream(opened.store, `Customer-${id}`)).toHaveLength(2);
  });

  test('with an input that does not fit is refused', async () => {
    // @ts-expect-error the email is missing
    await expect(execute(registerCustomer({ id }))).rejects.toEqual(coded('BAD_USER_INPUT'));
  });
});

test('a command that forgets somebody clears what is in memory of anybody', async () => {
  const store = mapped(createPostgresPersistence({ database: opened.database })).events;
  const repository = new Repository(store);
  const own = executorOf(store, { repository });
  const Forgotten = event('Forgotten', z.object({ user: z.string() }), {
    forgets: ({ user }) => [`user:${user}`],
  });
  const Register = aggregate('Register', {
    state: fold(0),
    commands: (command) => ({
      forget: command(z.object({ user: z.string() }), (_, input) => Forgotten(input)),
    }),
  });
  await own(open(id, {}));
  expect(repository.cache.get(Account, id)).toMatchObject({ version: 1 });
  await own(Register.commands.forget(id, { user: 'ada' }));
  expect(repository.cache.get(Account, id)).toBeUndefined();
  expect(repository.cache.get(Register, id)).toBeUndefined();
});

test('what is kept in memory is what is stored', async () => {
  const commands = [
    open(id, {}),
    deposit(id, { amount: 8 }),
    deposit(id, { amount: 2 }),
    empty(id, {}),
    deposit(id, { amount: 1 }),
  ];
  for (const command of commands) await execute(command);
  await expect(execute(withdraw(id, { amount: 2 }))).rejects.toEqual(rejectedWith('INSUFFICIENT_FUNDS'));
  expect(await execute(withdraw(id, { amount: 1 }))).toMatchObject({ version: 7 });
  expect(
    (await readAll(opened.store, everything)).filter(({ type }) => type === Opened.type).length,
  ).toBeGreaterThan(1);
});
