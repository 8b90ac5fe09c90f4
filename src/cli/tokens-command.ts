import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { openBackendStorage } from './open-backend-storage.ts';

export type RevokeOptions = { readonly subject?: string; readonly token?: string };

/** Has tokens refused by all servers of the database: those that a subject has now, or a single one. */
export async function revokeTokensCommand(
  backend: BackendDefinition,
  { subject, token }: RevokeOptions,
): Promise<void> {
  if ((subject === undefined) === (token === undefined))
    throw new LivefoldError('BAD_USER_INPUT', 'Say whose tokens, --subject, or which one, --token.');
  await using storage = await openBackendStorage(backend);
  const { kind, id, revokedAt } = await storage.revocations.revoke(
    subject === undefined ? { kind: 'token', id: String(token) } : { kind: 'subject', id: subject },
  );
  console.log(
    kind === 'token'
      ? `the token ${id} is refused from now on`
      : `the tokens that ${id} had until ${revokedAt.toISOString()} are refused from now on`,
  );
}
