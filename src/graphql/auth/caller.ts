import { LivefoldError } from '../../kernel/errors.ts';

/** Who calls. */
export type Caller = {
  /** The caller's own id, and the `actor` of the events it causes; null for one who did not say. */
  readonly subject: string | null;
  readonly roles: readonly string[];
  /** All that its token says. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Until when it is believed; for ever unless given. */
  readonly expiresAt?: Date | null;
  /** When its token was made: a revocation of the subject's tokens means those made before. */
  readonly issuedAt?: Date | null;
  /** The token's own id, by which it alone can be revoked. */
  readonly tokenId?: string | null;
};

/**
 * Finds out who calls, from the `Authorization` header, or the `authorization` among a WebSocket's connection parameters.
 *
 * @throws LivefoldError `UNAUTHENTICATED` when it is to be believed nothing
 */
export type Authenticate = (authorization: string) => Promise<Caller>;

/** A caller who did not say who it is. */
export const anonymous: Caller = { subject: null, roles: [] };

/** Why a caller is not believed, or not any longer. `isOver` tells that a new token would help: the old one was right once. */
export function unauthenticated(message: string, options: { isOver?: boolean; cause?: unknown } = {}) {
  const { isOver = false, cause } = options;
  return new LivefoldError('UNAUTHENTICATED', message, { fields: { isOver }, cause });
}

/** The refusal of what the caller may not do. It says nothing of what is there. */
export function forbidden({ subject }: Caller): LivefoldError {
  return subject === null
    ? new LivefoldError('UNAUTHENTICATED', 'This is for callers who say who they are: send a token.')
    : new LivefoldError('FORBIDDEN', 'The caller may not do this.');
}
