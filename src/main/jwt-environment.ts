import type { JwtOptions } from '../graphql/auth/jwt-verifier.ts';
import { LivefoldError } from '../kernel/errors.ts';

type Read = (name: string) => string | undefined;

const keyNames = ['LIVEFOLD_JWKS_URL', 'LIVEFOLD_JWT_PUBLIC_KEY', 'LIVEFOLD_JWT_SECRET'] as const;
const otherNames = [
  'LIVEFOLD_JWT_ISSUER',
  'LIVEFOLD_JWT_AUDIENCE',
  'LIVEFOLD_JWT_SUBJECT_CLAIM',
  'LIVEFOLD_JWT_ROLES_CLAIM',
  'LIVEFOLD_JWT_CLOCK_TOLERANCE',
];

/**
 * Which JSON Web Tokens are believed: by exactly one of `LIVEFOLD_JWKS_URL`, `LIVEFOLD_JWT_PUBLIC_KEY` (PEM) and
 * `LIVEFOLD_JWT_SECRET`, with `LIVEFOLD_JWT_ISSUER` and `LIVEFOLD_JWT_AUDIENCE`; none when nothing of it is set.
 *
 * @throws LivefoldError `INVALID_ENVIRONMENT`: half a configuration would be taken for a whole one
 */
export function readJwtEnvironment(read: Read): JwtOptions | undefined {
  const [name, ...others] = keyNames.filter((key) => read(key) !== undefined);
  if (name === undefined) {
    const given = otherNames.find((other) => read(other) !== undefined);
    if (given === undefined) return undefined;
    throw invalid(
      given,
      `it says which tokens are believed, but not by which key: set one of ${keyNames.join(', ')}.`,
    );
  }
  if (others.length > 0) throw invalid(name, `set it or ${others.join(', ')}, not both.`);
  const subjectClaim = read('LIVEFOLD_JWT_SUBJECT_CLAIM');
  const rolesClaim = read('LIVEFOLD_JWT_ROLES_CLAIM');
  return {
    key: keyOf(name, read(name) ?? ''),
    issuer: needed(read, 'LIVEFOLD_JWT_ISSUER', name),
    audience: needed(read, 'LIVEFOLD_JWT_AUDIENCE', name),
    clockTolerance: checkTolerance(read('LIVEFOLD_JWT_CLOCK_TOLERANCE') ?? '5'),
    ...(subjectClaim !== undefined && { subjectClaim }),
    ...(rolesClaim !== undefined && { rolesClaim }),
  };
}

function keyOf(name: (typeof keyNames)[number], value: string): JwtOptions['key'] {
  if (name === 'LIVEFOLD_JWKS_URL') return { jwksUrl: value };
  // Many places where environments are written have no line breaks.
  if (name === 'LIVEFOLD_JWT_PUBLIC_KEY') return { publicKey: value.replaceAll('\\n', '\n') };
  return { secret: value };
}

function needed(read: Read, name: string, key: string): string {
  const value = read(name);
  if (value !== undefined) return value;
  throw invalid(name, `${key} is set, and tokens for other services must not be taken for ours: set it too.`);
}

function checkTolerance(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw invalid('LIVEFOLD_JWT_CLOCK_TOLERANCE', 'it is a number of seconds from 0 to 999.');
}

/** Without the value, which may be a secret. */
function invalid(name: string, why: string): LivefoldError {
  return new LivefoldError('INVALID_ENVIRONMENT', `${name}: ${why}`, { fields: { name } });
}
