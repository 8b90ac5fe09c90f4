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

export const UserRegistered = event(
  'UserRegistered',
  z.object({ userId: Id, email: z.string().nullable(), name: z.string(), country: z.string().nullable() }),
  { tags: ({ userId, email }) => [userTag(userId), ...emailTags([email])] },
);

export const EmailChanged = event(
  'EmailChanged',
  z.object({ userId: Id, email: z.string(), previous: z.string().nullable() }),
  {
    tags: ({ userId, email, previous }) => [userTag(userId), ...emailTags([email, previous])],
  },
);
