import { aggregate } from '../../domain/aggregate.ts';
import { fold } from '../../domain/fold.ts';
import { EmailChanged, UserRegistered } from './user-events.ts';

export type UserState = {
  readonly exists: boolean;
  readonly email: string | null;
  readonly country: string | null;
};

/** A user as other slices look one up. Its commands are decisions: an email address is unique among all users. */
export const User = aggregate('User', {
  state: fold<UserState>({ exists: false, email: null, country: null })
    .on(UserRegistered, (_, { data }) => ({ exists: true, email: data.email, country: data.country }))
    .on(EmailChanged, (user, { data }) => ({ ...user, email: data.email })),
  commands: () => ({}),
});
