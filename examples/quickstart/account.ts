import { addDecimals, aggregate, compareDecimals, event, fold, reject, subtractDecimals } from 'livefold';
import { z } from 'zod';

// What comes in. Money is exact: a decimal as text, never a float.
const Opening = z.object({ id: z.string(), owner: z.string().min(1) });
const Amount = z.string().regex(/^(?=.*[1-9])\d{1,12}(\.\d\d?)?$/, 'must be more than 0.00');
const Transfer = z.object({ id: z.string(), amount: Amount });

// What happened, under the names that the log keeps for ever.
export const Opened = event('AccountOpened', Opening);
export const Deposited = event('MoneyDeposited', Transfer);
export const Withdrawn = event('MoneyWithdrawn', Transfer);

/** The fold of one account's events, and the commands that decide from it what happens next. */
export const Account = aggregate('Account', {
  state: fold({ isOpen: false, balance: '0' })
    .on(Opened, (account) => ({ ...account, isOpen: true }))
    .on(Deposited, (account, { data }) => ({
      ...account,
      balance: addDecimals(account.balance, data.amount),
    }))
    .on(Withdrawn, (account, { data }) => ({
      ...account,
      balance: subtractDecimals(account.balance, data.amount),
    })),
  commands: (command) => ({
    open: command(Opening, ({ isOpen }, input) => (isOpen ? reject('ACCOUNT_EXISTS') : Opened(input))),
    deposit: command(Transfer, ({ isOpen }, input) =>
      isOpen ? Deposited(input) : reject('UNKNOWN_ACCOUNT'),
    ),
    withdraw: command(Transfer, ({ isOpen, balance }, input) => {
      if (!isOpen) return reject('UNKNOWN_ACCOUNT');
      if (compareDecimals(balance, input.amount) < 0) return reject('INSUFFICIENT_FUNDS');
      return Withdrawn(input);
    }),
  }),
});
