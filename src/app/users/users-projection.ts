import { projection } from '../../consumption/projection.ts';
import { addDecimals, subtractDecimals } from '../../kernel/decimal.ts';
import { OrderCancelled, OrderPlaced } from '../orders/order-events.ts';
import { EmailChanged, forgottenName, UserForgotten, UserRegistered } from './user-events.ts';
import { usersTable } from './users-table.ts';

/** Users with what they ordered. */
export const Users = projection('users', usersTable)
  .on(
    UserRegistered,
    ({ data }) => data.userId,
    (_, { data, occurredAt }) => ({
      id: data.userId,
      email: data.email,
      name: data.name,
      country: data.country,
      orderCount: 0,
      totalSpent: '0',
      registeredAt: occurredAt,
      forgottenAt: null,
    }),
  )
  .on(
    EmailChanged,
    ({ data }) => data.userId,
    (user, { data }) => user && { ...user, email: data.email },
  )
  .on(
    UserForgotten,
    ({ data }) => data.userId,
    (user, { occurredAt }) =>
      user && { ...user, email: null, name: forgottenName, country: null, forgottenAt: occurredAt },
  )
  .on(
    OrderPlaced,
    ({ data }) => data.customerId,
    (user, { data }) =>
      user && {
        ...user,
        orderCount: user.orderCount + 1,
        totalSpent: addDecimals(user.totalSpent, data.total),
      },
  )
  .on(
    OrderCancelled,
    ({ data }) => data.customerId,
    (user, { data }) =>
      user && {
        ...user,
        orderCount: user.orderCount - 1,
        totalSpent: subtractDecimals(user.totalSpent, data.total),
      },
  );
