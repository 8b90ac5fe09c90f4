import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type AggregateCommand, aggregate, streamOf } from '../../src/domain/aggregate.ts';
import type { DecisionCommand } from '../../src/domain/decision.ts';
import { fold } from '../../src/domain/fold.ts';
import { Account, type AccountState, Deposited, registerCustomer } from './bank.ts';

test('a command carries its aggregate, its id and its input, not validated yet', () => {
  expect(Account.commands.deposit('7', { amount: -1 })).toMatchObject({
    kind: 'aggregate',
    aggregate: { name: 'Account' },
    id: '7',
    name: 'deposit',
    input: { amount: -1 },
  });
  expect(streamOf(Account, '7')).toBe('Account-7');
});

test('a decision carries its input', () => {
  expect(registerCustomer({ id: '1', email: 'A@B' })).toMatchObject({
    kind: 'decision',
    name: 'registerCustomer',
    input: { id: '1', email: 'A@B' },
  });
});

test('the types of commands are inferred from their schemas, what the caller gives and what the decider gets', () => {
  expectTypeOf(Account.commands.open).toEqualTypeOf<
    (id: string, input: { owner?: string | undefined }) => AggregateCommand<AccountState>
  >();
  expectTypeOf(registerCustomer).toEqualTypeOf<(input: { id: string; email: string }) => DecisionCommand>();
  aggregate('Typed', {
    state: fold<AccountState>({ status: 'none' }),
    commands: (command) => ({
      open: command(z.object({ owner: z.string().default('nobody') }), (state, input, context) => {
        expectTypeOf(state).toEqualTypeOf<AccountState>();
        expectTypeOf(input).toEqualTypeOf<{ owner: string }>();
        expectTypeOf(context).toEqualTypeOf<{ readonly now: Date; readonly newId: () => string }>();
        return [];
      }),
    }),
  });
  // @ts-expect-error the amount is a number
  Account.commands.deposit('7', { amount: '1' });
  // @ts-expect-error there is no such command
  expect(() => Account.commands.close('7', {})).toThrow(TypeError);
  aggregate('Typed', {
    state: fold(0),
    // @ts-expect-error a command decides events or a rejection
    commands: (command) => ({ wrong: command(z.object({}), () => 'done') }),
  });
  // @ts-expect-error the status is checked before the balance is read
  Account.state.on(Deposited, (account) => ({ ...account, balance: account.balance + 1 }));
});

test('a snapshot policy that nothing could follow is refused', () => {
  for (const every of [0, -1, 1.5, Number.NaN])
    expect(() => aggregate('Thing', { state: fold(0), snapshots: { every }, commands: () => ({}) })).toThrow(
      expect.objectContaining({ code: 'INVALID_SNAPSHOT_POLICY' }),
    );
});
