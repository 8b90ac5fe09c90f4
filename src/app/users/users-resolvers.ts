import type { Executable } from '../../application/executable.ts';
import { idOf } from '../../domain/aggregate.ts';
import { waitForProjections } from '../../graphql/at-least.ts';
import { found } from '../../graphql/found.ts';
import { liveField } from '../../graphql/live-field.ts';
import { type MutationOptions, mutate } from '../../graphql/mutate.ts';
import { rowsField } from '../../graphql/row-fields.ts';
import { createId } from '../../kernel/ids.ts';
import type { ShopContext } from '../shop-context.ts';
import type { Resolvers, UserOrderField } from '../shop-schema.ts';
import { User } from './user.ts';
import { changeEmail, registerUser } from './user-decisions.ts';
import { Users } from './users-projection.ts';

const orderFields: Readonly<Record<UserOrderField, string>> = {
  ID: 'id',
  NAME: 'name',
  ORDER_COUNT: 'orderCount',
  TOTAL_SPENT: 'totalSpent',
  REGISTERED_AT: 'registeredAt',
};

export const usersResolvers: Resolvers = {
  Query: {
    user: async (_, { id, atLeast }, { backend, loadUser, signal }) => {
      await waitForProjections(backend, [Users.name], atLeast, signal);
      return loadUser(id);
    },
    users: rowsField(Users, orderFields),
  },
  Mutation: {
    registerUser: (_, { input, commandId }, context) =>
      mutateUser(context, registerUser({ ...input, id: input.id ?? createId() }), {
        commandId,
        request: ['registerUser', input],
      }),
    changeEmail: (_, { input, commandId }, context) =>
      mutateUser(context, changeEmail(input), { commandId, request: ['changeEmail', input] }),
    forgetUser: (_, { input, commandId }, context) =>
      mutateUser(context, User.commands.forget(input.userId, input), {
        commandId,
        request: ['forgetUser', input],
      }),
  },
  Subscription: {
    users: liveField('users', Users),
  },
};

async function mutateUser(
  context: ShopContext,
  command: Executable,
  options: Omit<MutationOptions, 'projections'>,
) {
  const receipt = await mutate(context, command, { ...options, projections: [Users.name] });
  return { receipt, user: found(await context.loadUser(idOf(User, receipt.stream))) };
}
