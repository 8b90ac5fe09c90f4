import { createPublicKey } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { isLivefoldError, LivefoldError } from '../../kernel/errors.ts';
import { type Authenticate, unauthenticated } from './caller.ts';
import { type ClaimNames, callerOf } from './claims.ts';

/** Which JSON Web Tokens are believed, and what of them says who calls. */
export type JwtOptions = ClaimNames & {
  /** Exactly one: where the issuer publishes its keys; its public key as PEM; or a secret of at least 32 bytes. */
  readonly key:
    | { readonly jwksUrl: string; readonly cooldown?: number }
    | { readonly publicKey: string }
    | { readonly secret: string };
  /** What `iss` must be. */
  readonly issuer: string;
  /** What `aud` must name: a token that the issuer made for another service is none for this one. */
  readonly audience: string;
  /** How many seconds the clocks of issuer and server may differ; 5 unless given. */
  readonly clockTolerance?: number;
};

/** Which kind of key a token is checked with decides its algorithms: a public key never serves as a secret. */
const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const symmetric = ['HS256', 'HS384', 'HS512'];

/** Milliseconds between two requests for the issuer's keys, at least: tokens with made-up key ids cause no more. */
const usualCooldown = 10_000;

/**
 * Believes bearer tokens by their signature. With `jwksUrl` a key that is not known is looked for at the issuer, so keys can
 * be rotated at any time; those that are known are asked for again after ten minutes.
 *
 * @throws LivefoldError `INVALID_AUTH` for a key that cannot be used
 */
export function createJwtVerifier(options: JwtOptions, clock: Clock = systemClock): Authenticate {
  const { issuer, audience, clockTolerance = 5 } = options;
  const { getKey, algorithms } = openKey(options.key);
  return async (authorization) => {
    const now = clock();
    const checks = { issuer, audience, algorithms, clockTolerance, currentDate: now };
    try {
      // A token that never ends could only be revoked.
      const { payload } = await jwtVerify(bearerOf(authorization), getKey, {
        ...checks,
        requiredClaims: ['exp'],
      });
      checkIssueTime(payload, now.getTime() / 1_000 + clockTolerance);
      return callerOf(payload, options, clockTolerance);
    } catch (error) {
      throw translate(error);
    }
  };
}

function openKey(key: JwtOptions['key']): {
  readonly getKey: JWTVerifyGetKey;
  readonly algorithms: string[];
} {
  if ('secret' in key) {
    const secret = new TextEncoder().encode(key.secret);
    if (secret.length < 32) throw invalid('the secret is shorter than 32 bytes: it could be guessed');
    return { getKey: async () => secret, algorithms: symmetric };
  }
  if ('publicKey' in key) {
    const publicKey = readPublicKey(key.publicKey);
    return { getKey: async () => publicKey, algorithms: asymmetric };
  }
  return { getKey: openKeySet(key.jwksUrl, key.cooldown ?? usualCooldown), algorithms: asymmetric };
}

function readPublicKey(pem: string) {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw invalid('the public key cannot be read: it is PEM text, `-----BEGIN PUBLIC KEY-----`', cause);
  }
}

function openKeySet(url: string, cooldown: number): JWTVerifyGetKey {
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw invalid(`${url} is no http or https address`);
  const keys = createRemoteJWKSet(new URL(url), { cooldownDuration: cooldown });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
        throw error;
      const message = `The issuer's keys cannot be fetched from ${url}: no token can be checked.`;
      throw new LivefoldError('JWKS_UNAVAILABLE', message, { cause: error });
    }
  };
}

function bearerOf(authorization: string): string {
  const [, token] = /^(?:Bearer +)?(\S+)$/i.exec(authorization.trim()) ?? [];
  if (token !== undefined) return token;
  throw unauthenticated('The authorization is no bearer token: send `Bearer` and the token.');
}

/** Who could date a token ahead would escape the revocations until then. */
function checkIssueTime({ iat }: JWTPayload, latest: number): void {
  if (iat !== undefined && iat > latest) throw unauthenticated('The token was made in the future.');
}

function translate(error: unknown): LivefoldError {
  if (isLivefoldError(error)) return error;
  if (error instanceof errors.JWTExpired)
    return unauthenticated('The token has expired.', { isOver: true, cause: error });
  if (error instanceof errors.JWTClaimValidationFailed)
    return unauthenticated(`The token is not for this server: its claim "${error.claim}" does not fit.`, {
      cause: error,
    });
  return unauthenticated('The token is not to be believed.', { cause: error });
}

function invalid(why: string, cause?: unknown): LivefoldError {
  return new LivefoldError('INVALID_AUTH', `Tokens cannot be checked: ${why}.`, { cause });
}
