import { z } from 'zod';
import { aggregate } from '../../domain/aggregate.ts';
import { fold } from '../../domain/fold.ts';
import { reject } from '../../domain/rejection.ts';
import { Id } from '../amounts.ts';
import { EmailChanged, UserForgotten, UserRegistered } from './user-events.ts';

export type UserState = {
  readonly exists: boolean;
  readonly isForgotten: boolean;
  readonly email: string | null;
  readonly country: string | null;
};

const nobody: UserState = { exists: false, isForgotten: false, email: null, country: null };

/** A user as other slices look one up. Commands about an email address are decisions: it is unique among all users. */
export const User = aggregate('User', {
  state: fold(nobody)
    .on(UserRegistered, (user, { data }) => ({
      ...user,
      exists: true,
      email: data.email,
      country: data.country,
    }))
    .on(EmailChanged, (user, { data }) => ({ ...user, email: data.email }))
    .on(UserForgotten, () => ({ ...nobody, exists: true, isForgotten: true })),
  commands: (command) => ({
    forget: command(z.object({ userId: Id }), (user, { userId }) => {
      if (!user.exists) return reject('UNKNOWN_USER', `there is no user ${userId}`);
      return user.isForgotten ? [] : UserForgotten({ userId });
    }),
  }),
});
