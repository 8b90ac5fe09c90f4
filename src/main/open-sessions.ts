import type { Authenticate } from '../graphql/auth/caller.ts';
import { createJwtVerifier, type JwtOptions } from '../graphql/auth/jwt-verifier.ts';
import type { Rules } from '../graphql/auth/rules.ts';
import { Sessions } from '../graphql/auth/sessions.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { type Logger, silentLogger } from '../kernel/log.ts';
import type { StorageOptions } from './open-storage.ts';
import type { RunningBackend } from './start-backend.ts';

export type AuthOptions = Pick<StorageOptions, 'maxTokenAge'> & {
  /** Which JSON Web Tokens callers are known by; the definition's own `authenticate` counts before. */
  readonly jwt?: JwtOptions | undefined;
  readonly clock?: Clock;
  readonly logger?: Logger;
};

/**
 * How callers are known. Without it everything is open to everybody who reaches the server, which is said loudly.
 *
 * @throws LivefoldError `OPEN_IN_PRODUCTION` when everything would be open and `NODE_ENV` is `production`
 */
export function authenticationOf(
  definition: BackendDefinition,
  { jwt, clock, logger = silentLogger }: AuthOptions,
): Authenticate | undefined {
  if (definition.authenticate !== undefined) return definition.authenticate;
  if (jwt !== undefined) return createJwtVerifier(jwt, clock);
  if (process.env.NODE_ENV === 'production')
    throw new LivefoldError(
      'OPEN_IN_PRODUCTION',
      `The backend "${definition.name}" would let everybody do everything, and NODE_ENV is production: set LIVEFOLD_JWKS_URL (or LIVEFOLD_JWT_PUBLIC_KEY, or LIVEFOLD_JWT_SECRET), LIVEFOLD_JWT_ISSUER and LIVEFOLD_JWT_AUDIENCE, or give the backend its own \`authenticate\`.`,
    );
  logger.warn(
    { backend: definition.name },
    'Nobody is asked who they are: everything is open to everybody who reaches this server.',
  );
  return undefined;
}

/** Starts to know callers, and to notice when one of them is not to be believed any more. */
export async function openSessions(
  { revocations, heardOfRevocations }: RunningBackend,
  given: { readonly authenticate: Authenticate; readonly rules: Rules },
  { clock = systemClock, logger = silentLogger, maxTokenAge }: AuthOptions,
): Promise<Sessions> {
  const bell = heardOfRevocations;
  const sessions = new Sessions({ ...given, revocations, bell, clock, logger, maxTokenAge });
  await sessions.start();
  return sessions;
}
