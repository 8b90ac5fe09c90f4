import { z } from 'zod';
import { streamOf } from '../../domain/aggregate.ts';
import { decision } from '../../domain/decision.ts';
import { fold } from '../../domain/fold.ts';
import type { Query } from '../../domain/query.ts';
import { reject } from '../../domain/rejection.ts';
import { Id } from '../amounts.ts';
import { User } from './user.ts';
import { Email, EmailChanged, emailTag, UserForgotten, UserRegistered, userTag } from './user-events.ts';

/** What both decisions need to know: whether the user is there and with which email, and who has the email asked for. */
type Facts = {
  readonly exists: boolean;
  readonly isForgotten: boolean;
  readonly email: string | null;
  readonly owner: string | null;
};

const RegisterUser = z.object({
  id: Id,
  email: Email.nullish().transform((email) => email ?? null),
  name: z.string().trim().min(1).max(200),
  country: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .nullish()
    .transform((country) => country ?? null),
});

const ChangeEmail = z.object({ userId: Id, email: Email });

/** Everything about one user and about one email address. */
function factsQuery(userId: string, email: string | null): Query {
  const types = [UserRegistered.type, EmailChanged.type, UserForgotten.type];
  return {
    items: [
      { types, tags: [userTag(userId)] },
      ...(email === null ? [] : [{ types, tags: [emailTag(email)] }]),
    ],
  };
}

function factsFold(userId: string, email: string | null) {
  return fold<Facts>({ exists: false, isForgotten: false, email: null, owner: null })
    .on(UserRegistered, (facts, { data }) => ({
      ...facts,
      ...(data.userId === userId && { exists: true, email: data.email }),
      owner: data.email === email ? data.userId : facts.owner,
    }))
    .on(EmailChanged, (facts, { data }) => {
      const isFreed = data.previous === email && facts.owner === data.userId;
      return {
        ...facts,
        ...(data.userId === userId && { exists: true, email: data.email }),
        owner: data.email === email ? data.userId : isFreed ? null : facts.owner,
      };
    })
    .on(UserForgotten, (facts, { data }) => ({
      ...facts,
      ...(data.userId === userId && { isForgotten: true, email: null }),
      owner: facts.owner === data.userId ? null : facts.owner,
    }));
}

/** Registers a user whose email address nobody else has, however many register at the same time. */
export const registerUser = decision('registerUser', {
  schema: RegisterUser,
  query: ({ id, email }) => factsQuery(id, email),
  state: ({ id, email }) => factsFold(id, email),
  decide: ({ exists, owner }, { id, email, name, country }) => {
    if (exists) return reject('USER_EXISTS', `there is a user with the id ${id} already`);
    if (email !== null && owner !== null) return reject('EMAIL_TAKEN', 'another user has this email address');
    return UserRegistered({ userId: id, email, name, country });
  },
  stream: ({ id }) => streamOf(User, id),
});

/** Changes an email address to one that nobody else has. */
export const changeEmail = decision('changeEmail', {
  schema: ChangeEmail,
  query: ({ userId, email }) => factsQuery(userId, email),
  state: ({ userId, email }) => factsFold(userId, email),
  decide: (facts, { userId, email }) => {
    if (!facts.exists) return reject('UNKNOWN_USER', `there is no user ${userId}`);
    if (facts.isForgotten) return reject('USER_FORGOTTEN', `the user ${userId} was forgotten`);
    if (facts.email === email) return [];
    if (facts.owner !== null) return reject('EMAIL_TAKEN', 'another user has this email address');
    return EmailChanged({ userId, email, previous: facts.email });
  },
  stream: ({ userId }) => streamOf(User, userId),
});
