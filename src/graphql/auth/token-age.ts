import { type Caller, unauthenticated } from './caller.ts';

/** Milliseconds that the issuer's clock may be ahead of the database's: a token made just before a revocation must not pass. */
export const clockDifference = 5_000;

/**
 * A caller who is believed no longer than so many seconds from when its token was made.
 *
 * @throws LivefoldError `UNAUTHENTICATED` for a token that does not say when that was
 */
export function limitAge(caller: Caller, maxAge: number | undefined): Caller {
  if (maxAge === undefined) return caller;
  const { issuedAt, expiresAt } = caller;
  if (!issuedAt)
    throw unauthenticated('The token does not say when it was made: its claim "iat" is missing.');
  const latest = new Date(issuedAt.getTime() + maxAge * 1_000 + clockDifference);
  return { ...caller, expiresAt: expiresAt && expiresAt < latest ? expiresAt : latest };
}
