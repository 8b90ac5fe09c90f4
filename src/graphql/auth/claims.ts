import type { JWTPayload } from 'jose';
import { type Caller, unauthenticated } from './caller.ts';

/** Which claims say who calls: a claim's name, or its path with points, `realm_access.roles`. */
export type ClaimNames = {
  /** A text of 1 to 255 characters; `sub` unless given. */
  readonly subjectClaim?: string;
  /** A list of texts, or one text with spaces between them; `roles` unless given. */
  readonly rolesClaim?: string;
};

/** The caller that a token's claims speak of; it is believed until the token ends, for `clockTolerance` seconds longer. */
export function callerOf(
  payload: JWTPayload,
  { subjectClaim = 'sub', rolesClaim = 'roles' }: ClaimNames,
  clockTolerance: number,
): Caller {
  const { exp, iat, jti } = payload;
  return {
    subject: checkSubject(claimAt(payload, subjectClaim), subjectClaim),
    roles: rolesOf(claimAt(payload, rolesClaim)),
    claims: payload,
    expiresAt: exp === undefined ? null : new Date((exp + clockTolerance) * 1_000),
    issuedAt: iat === undefined ? null : new Date(iat * 1_000),
    tokenId: jti ?? null,
  };
}

/**
 * What of a caller its own is known by: its subject, or what a claim of its token says, a text, a whole number, or a list of
 * them. All of them as text, and none of what fits nothing: an empty text would be equal to what was never filled in, and of a
 * number beyond 2^53 it is not known any more which one was meant.
 */
export function ownValues({ subject, claims = {} }: Caller, claim: string | null): readonly string[] {
  return [claim === null ? subject : claimAt(claims, claim)].flat().flatMap(toOwnValue);
}

function toOwnValue(value: unknown): readonly string[] {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  // Postgres cannot look for NUL.
  return typeof text === 'string' && text !== '' && text.isWellFormed() && !text.includes('\0') ? [text] : [];
}

/** Some issuers have points in the names themselves: `https://shop.example/roles`. */
function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  const [name = '', ...rest] = path.split('.');
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return rest.length === 0 || !isRecord(value) ? undefined : claimAt(value, rest.join('.'));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** It becomes the actor of events and is compared with ids: no more is taken than those can be. */
function checkSubject(value: unknown, claim: string): string {
  // Postgres cannot store NUL.
  if (typeof value === 'string' && value.isWellFormed() && /^[^\0]{1,255}$/s.test(value)) return value;
  throw unauthenticated(`The token does not say who its subject is: its claim "${claim}" does not fit.`);
}

function rolesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(' ').filter((role) => role !== '');
  return Array.isArray(value) ? value.filter((role) => typeof role === 'string') : [];
}
