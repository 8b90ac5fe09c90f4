import { z } from 'zod';
import { aggregate } from '../../src/domain/aggregate.ts';
import { decision } from '../../src/domain/decision.ts';
import { event } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';
import { reject } from '../../src/domain/rejection.ts';

/** Bank accounts and customers: a small domain for tests, written as a user writes one. */
export const Opened = event('Opened', z.object({ owner: z.string() }), {
  tags: ({ owner }) => [`owner:${owner}`],
});
export const Deposited = event('Deposited', z.object({ amount: z.number().positive() }));
export const Withdrawn = event('Withdrawn', z.object({ amount: z.number().positive(), at: z.string() }));

export type AccountState =
  | { readonly status: 'none' }
  | { readonly status: 'open'; readonly balance: number };

export const Account = aggregate('Account', {
  state: fold<AccountState>({ status: 'none' })
    .on(Opened, () => ({ status: 'open', balance: 0 }))
    .on(Deposited, (account, { data }) =>
      account.status === 'open' ? { ...account, balance: account.balance + data.amount } : account,
    )
    .on(Withdrawn, (account, { data }) =>
      account.status === 'open' ? { ...account, balance: account.balance - data.amount } : account,
    ),
  commands: (command) => ({
    open: command(z.object({ owner: z.string().trim().default('nobody') }), (account, input) =>
      account.status === 'none' ? Opened(input) : reject('ACCOUNT_EXISTS', 'The account is open already.'),
    ),
    deposit: command(z.object({ amount: z.number().positive() }), (account, { amount }) =>
      account.status === 'open' ? Deposited({ amount }) : reject('NO_ACCOUNT'),
    ),
    withdraw: command(z.object({ amount: z.number().positive() }), (account, { amount }, { now }) => {
      if (account.status !== 'open') return reject('NO_ACCOUNT');
      return account.balance < amount
        ? reject('INSUFFICIENT_FUNDS')
        : Withdrawn({ amount, at: now.toISOString() });
    }),
    /** Takes everything in two halves; nothing to do for an empty account. */
    empty: command(z.object({}), (account, _, { now }) => {
      if (account.status !== 'open' || account.balance === 0) return [];
      const half = { amount: account.balance / 2, at: now.toISOString() };
      return [Withdrawn(half), Withdrawn(half)];
    }),
  }),
});

export const Registered = event('Registered', z.object({ id: z.string(), email: z.string() }), {
  tags: ({ email }) => [`email:${email}`],
});

/** Registers a customer under an email address that nobody else has. */
export const registerCustomer = decision('registerCustomer', {
  schema: z.object({ id: z.string(), email: z.string().toLowerCase() }),
  query: ({ email }) => ({ items: [{ types: ['Registered'], tags: [`email:${email}`] }] }),
  state: () => fold({ isTaken: false }).on(Registered, () => ({ isTaken: true })),
  decide: ({ isTaken }, input) => (isTaken ? reject('EMAIL_TAKEN') : Registered(input)),
  stream: ({ id }) => `Customer-${id}`,
});
