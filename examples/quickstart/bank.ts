import { readFileSync } from 'node:fs';
import { addDecimals, projection, subtractDecimals } from 'livefold';
import { type BackendDefinition, liveField, mutationField, rowField, rowsField } from 'livefold/graphql';
import { Account, Deposited, Opened, Withdrawn } from './account.ts';
import { accountsTable } from './accounts-table.ts';

// What queries and subscriptions show: the same events, folded into a table with a row per account.
const Accounts = projection('accounts', accountsTable)
  .on(Opened, 'id', (_, { data }) => ({ ...data, balance: '0' }))
  .on(Deposited, 'id', (row, { data }) => row && { ...row, balance: addDecimals(row.balance, data.amount) })
  .on(
    Withdrawn,
    'id',
    (row, { data }) => row && { ...row, balance: subtractDecimals(row.balance, data.amount) },
  );

export const backend: BackendDefinition = {
  name: 'bank',
  typeDefs: readFileSync(`${import.meta.dirname}/schema.graphql`, 'utf8'),
  resolvers: {
    Query: { account: rowField(Accounts), accounts: rowsField(Accounts) },
    Mutation: {
      openAccount: mutationField('account', Accounts, Account.commands.open),
      deposit: mutationField('account', Accounts, Account.commands.deposit),
      withdraw: mutationField('account', Accounts, Account.commands.withdraw),
    },
    Subscription: { accounts: liveField('accounts', Accounts) },
  },
  events: [Opened, Deposited, Withdrawn],
  projections: [Accounts],
  migrations: [{ name: 'bank', folder: `${import.meta.dirname}/drizzle` }],
};
