import type { Executable } from '../application/executable.ts';
import { isLivefoldError, LivefoldError } from '../kernel/errors.ts';
import type { Receipt } from '../persistence/event-store.ts';
import { waitForProjections } from './at-least.ts';
import type { GraphQLContext } from './context.ts';

export type MutationOptions = {
  /** The client's own id for the command. */
  readonly commandId: string | null | undefined;
  /** What the client asked for: the mutation's name and input. The same id with the same request is the same command. */
  readonly request: unknown;
  /** The projections that the payload is read from. */
  readonly projections: readonly string[];
};

/**
 * Executes a mutation's command, and waits until the payload's tables show it.
 *
 * @throws LivefoldError `PROJECTION_LAGGING` when they do not in time: the command was carried out all the same
 */
export async function mutate(
  { backend, session, correlationId, signal }: GraphQLContext,
  command: Executable,
  options: MutationOptions,
): Promise<Receipt> {
  const { commandId, request, projections } = options;
  const receipt = await backend.execute(command, {
    commandId: commandId ?? undefined,
    request,
    correlationId,
    actor: session.caller.subject ?? undefined,
  });
  try {
    await waitForProjections(backend, projections, receipt.position, signal);
  } catch (error) {
    throw isLivefoldError(error, 'PROJECTION_LAGGING') ? carriedOut(error, receipt) : error;
  }
  return receipt;
}

/** Whoever reads of a lag must not think that nothing happened, and send the command again. */
function carriedOut(error: LivefoldError, { position }: Receipt): LivefoldError {
  const message = `The command was carried out, at position ${position}; only the answer's tables do not show it yet. ${error.message}`;
  return new LivefoldError(error.code, message, { fields: error.fields, cause: error });
}
