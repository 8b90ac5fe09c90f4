import { createHash } from 'node:crypto';
import { z } from 'zod';
import { event } from '../../domain/event.ts';
import { Id } from '../amounts.ts';

/** An email address, in small letters: two that differ in case only are the same. */
export const Email = z
  .string()
  .max(254)
  .transform((email) => email.trim().toLowerCase())
  .pipe(z.email());

/** The tag by which events about an email address are found. It does not tell the address itself. */
export const emailTag = (email: string): string =>
  `email:${createHash('sha256').update(email).digest('hex').slice(0, 32)}`;

/** The tag of all events about one user's account. */
export const userTag = (userId: string): string => `user:${userId}`;

const emailTags = (emails: readonly (string | null)[]): readonly string[] =>
  emails.filter((email) => email !== null).map(emailTag);

/** Whose personal data an event has: each user's is encrypted under a key of its own. */
const subject = ({ userId }: { readonly userId: string }): string => `user:${userId}`;

/** What a user's name reads as once the user is forgotten. */
export const forgottenName = 'Forgotten user';

export const UserRegistered = event(
  'UserRegistered',
  z.object({ userId: Id, email: z.string().nullable(), name: z.string(), country: z.string().nullable() }),
  {
    tags: ({ userId, email }) => [userTag(userId), ...emailTags([email])],
    personal: { subject, erased: { email: null, name: forgottenName, country: null } },
  },
);

export const EmailChanged = event(
  'EmailChanged',
  z.object({ userId: Id, email: z.string(), previous: z.string().nullable() }),
  {
    tags: ({ userId, email, previous }) => [userTag(userId), ...emailTags([email, previous])],
    personal: { subject, erased: { email: '', previous: null } },
  },
);

/** The user's key is destroyed with it: what other events say of the user cannot be read any more. */
export const UserForgotten = event('UserForgotten', z.object({ userId: Id }), {
  tags: ({ userId }) => [userTag(userId)],
  forgets: (data) => [subject(data)],
});

export const userEvents = [UserRegistered, EmailChanged, UserForgotten];
