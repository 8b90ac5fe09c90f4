import type { Executable } from '../application/execute.ts';
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

/** Executes a mutation's command, and waits until the payload's tables show it. */
export async function mutate(
  { backend, correlationId, signal }: GraphQLContext,
  command: Executable,
  options: MutationOptions,
): Promise<Receipt> {
  const { commandId, request, projections } = options;
  const receipt = await backend.execute(command, {
    commandId: commandId ?? undefined,
    request,
    correlationId,
  });
  await waitForProjections(backend, projections, receipt.position, signal);
  return receipt;
}
