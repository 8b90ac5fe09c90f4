import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { aggregate } from '../../src/domain/aggregate.ts';
import { event } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';
import { given } from '../../src/domain/scenario.ts';
import { Account, Deposited, Opened, Registered, registerCustomer, Withdrawn } from './bank.ts';

const opened = Opened({ owner: 'Ada' });
const deposited = Deposited({ amount: 10 });
const { open, deposit, withdraw, empty } = Account.commands;
const now = new Date('2024-05-06T07:08:09Z');
const at = now.toISOString();

describe('an expectation that holds', () => {
  test('one event', () =>
    given(Account)
      .when(open('1', { owner: ' Ada ' }))
      .then(opened));
  test('several events', () =>
    given(Account, opened, deposited)
      .when(empty('1', {}), { now })
      .then(Withdrawn({ amount: 5, at }), Withdrawn({ amount: 5, at })));
  test('no event', () => given(Account, opened).when(empty('1', {})).then());
  test('a rejection', () =>
    given(Account, opened, deposited)
      .when(withdraw('1', { amount: 11 }))
      .thenRejected('INSUFFICIENT_FUNDS'));
  test('a decision', () =>
    given(registerCustomer)
      .when(registerCustomer({ id: '1', email: 'A@B' }))
      .then(Registered({ id: '1', email: 'a@b' })));
  test('a rejected decision', () =>
    given(registerCustomer, Registered({ id: '2', email: 'a@b' }))
      .when(registerCustomer({ id: '1', email: 'A@B' }))
      .thenRejected('EMAIL_TAKEN'));
  test("a decision's query chooses among the events", () =>
    given(registerCustomer, Registered({ id: '2', email: 'other@b' }))
      .when(registerCustomer({ id: '1', email: 'a@b' }))
      .then(Registered({ id: '1', email: 'a@b' })));
});

describe('an expectation that does not hold throws what was decided', () => {
  test.each<[string, () => void, RegExp]>([
    [
      'other data',
      () =>
        given(Account, opened)
          .when(deposit('1', { amount: 2 }))
          .then(Deposited({ amount: 3 })),
      /-.*2[\s\S]*\+.*3|\+.*2[\s\S]*-.*3/,
    ],
    [
      'another type',
      () =>
        given(Account)
          .when(open('1', { owner: 'x' }))
          .then(deposited),
      /Opened/,
    ],
    [
      'other tags',
      () =>
        given(Account)
          .when(open('1', { owner: 'x' }))
          .then({ ...Opened({ owner: 'x' }), tags: [] }),
      /owner:x/,
    ],
    ['one event too many', () => given(Account, opened).when(empty('1', {})).then(deposited), /Deposited/],
    [
      'one event too few',
      () =>
        given(Account, opened)
          .when(deposit('1', { amount: 2 }))
          .then(),
      /Deposited/,
    ],
    [
      'a rejection instead of events',
      () =>
        given(Account)
          .when(deposit('1', { amount: 2 }))
          .then(Deposited({ amount: 2 })),
      /rejected: NO_ACCOUNT/,
    ],
    [
      'events instead of a rejection',
      () =>
        given(Account, opened)
          .when(deposit('1', { amount: 2 }))
          .thenRejected('NO_ACCOUNT'),
      /decided Deposited/,
    ],
    [
      'another reason',
      () =>
        given(Account)
          .when(deposit('1', { amount: 2 }))
          .thenRejected('INSUFFICIENT_FUNDS'),
      /NO_ACCOUNT/,
    ],
  ])('%s', (_, check, message) => expect(check).toThrow(message));
});

test('an input that does not fit the schema is an error, as it is in production', () => {
  expect(() => given(Account, opened).when(deposit('1', { amount: -1 }))).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT' }),
  );
});

test('the command sees a fixed time and rising ids', () => {
  const Made = event('Made', z.object({ id: z.string(), at: z.string() }));
  const Maker = aggregate('Maker', {
    state: fold(null),
    commands: (command) => ({
      make: command(z.object({}), (_, __, { now: time, newId }) =>
        [newId(), newId()].map((id) => Made({ id, at: time.toISOString() })),
      ),
    }),
  });
  const made = (id: number) =>
    Made({ id: `00000000-0000-7000-8000-00000000000${id}`, at: '2000-01-01T00:00:00.000Z' });
  given(Maker).when(Maker.commands.make('1', {})).then(made(1), made(2));
});

test('the given events are what a store gives back: dates are dates, and what is undefined is not there', () => {
  const Noted = event('Noted', z.object({ at: z.date(), by: z.string().optional() }));
  const Diary = aggregate('Diary', {
    state: fold('').on(Noted, (_, { data }) => `${data.at.getTime()} ${'by' in data}`),
    commands: (command) => ({ tell: command(z.object({}), (state) => Opened({ owner: state })) }),
  });
  given(Diary, Noted({ at: now, by: undefined }))
    .when(Diary.commands.tell('1', {}))
    .then(Opened({ owner: `${now.getTime()} false` }));
});

test('the given events are what a store gives back: nothing personal of one who is forgotten', () => {
  const Signed = event('Signed', z.object({ by: z.string(), n: z.number() }), {
    personal: { subject: ({ by }) => `user:${by}`, erased: { by: 'somebody' } },
  });
  const Forgotten = event('Forgotten', z.object({ user: z.string() }), {
    forgets: ({ user }) => [`user:${user}`],
  });
  const Contract = aggregate('Contract', {
    state: fold('').on(Signed, (state, { data }) => `${state}${data.n} ${data.by} `),
    commands: (command) => ({ tell: command(z.object({}), (state) => Opened({ owner: state })) }),
  });
  given(Contract, Signed({ by: 'ada', n: 1 }), Signed({ by: 'bob', n: 2 }), Forgotten({ user: 'ada' }))
    .when(Contract.commands.tell('1', {}))
    .then(Opened({ owner: '1 somebody 2 bob ' }));
});

test('events are compared as they are stored, and shown whatever they hold', () => {
  const Counted = event('Counted', z.object({ count: z.bigint(), by: z.string().optional() }));
  const Counter = aggregate('Counter', {
    state: fold(null),
    commands: (command) => ({
      count: command(z.object({}), () => Counted({ count: 1n, by: undefined })),
    }),
  });
  given(Counter)
    .when(Counter.commands.count('1', {}))
    .then(Counted({ count: 1n }));
  expect(() => given(Counter).when(Counter.commands.count('1', {})).thenRejected('NO')).toThrow(
    /Counted { count: 1n/,
  );
});

test('a given event may say its stream and time', () => {
  const Timed = aggregate('Timed', {
    state: fold('').on(Deposited, (_, one) => `${one.stream} ${one.occurredAt.toISOString()}`),
    commands: (command) => ({ tell: command(z.object({}), (owner) => Opened({ owner })) }),
  });
  given(Timed, { ...deposited, occurredAt: now })
    .when(Timed.commands.tell('1', {}))
    .then(Opened({ owner: `Timed-1 ${at}` }));
});

test("another aggregate's command is refused, by its type and when run", () => {
  const Other = aggregate('Other', {
    state: fold(0),
    commands: (command) => ({ go: command(z.object({}), () => []) }),
  });
  // @ts-expect-error the state is another one
  expect(() => given(Account).when(Other.commands.go('1', {}))).toThrow(/Account.*Other/);
  // @ts-expect-error a decision is no command of an aggregate
  expect(() => given(Account).when(registerCustomer({ id: '1', email: 'a@b' }))).toThrow(/Account/);
});

test('awaiting a scenario by mistake fails instead of passing', async () => {
  const decided = given(Account).when(open('1', {}));
  await expect(Promise.resolve().then(() => decided)).rejects.toThrow(/then\(\.\.\.events\)/);
});
