import { type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import type { Logger } from '../kernel/log.ts';
import { Session } from './auth/session.ts';
import type { Sessions } from './auth/sessions.ts';
import { failedResult, presentResult } from './errors.ts';
import type { LiveGroups } from './live-groups.ts';
import type { CreateContext, Operation } from './operation.ts';
import { addVariableIssues } from './variable-issues.ts';

/** What executing takes besides the operation: the same for all transports. */
export type Runtime = {
  readonly createContext: CreateContext;
  /** None where everything is open. */
  readonly sessions: Sessions | undefined;
  readonly logger: Logger;
  readonly groups: LiveGroups;
};

/** Executes a query or a mutation. Never rejects: what goes wrong is in the result, fit for the client's eyes. */
export async function executeOperation(
  args: ExecutionArgs,
  operation: Operation,
  runtime: Runtime,
): Promise<ExecutionResult> {
  const { correlationId, authorization, signal } = operation;
  const scope = { correlationId, logger: runtime.logger };
  try {
    const session = await sessionOf(operation, runtime);
    const request = { correlationId, authorization, session, signal, resumeAfter: null };
    const contextValue = await runtime.createContext(request);
    return presentResult(addVariableIssues(await execute({ ...args, contextValue }), args), scope);
  } catch (error) {
    return failedResult(error, scope);
  }
}

/** @throws LivefoldError `UNAUTHENTICATED` */
export async function sessionOf(
  { session, authorization }: Operation,
  { sessions }: Runtime,
): Promise<Session> {
  return session ?? (await sessions?.open(authorization)) ?? new Session();
}
