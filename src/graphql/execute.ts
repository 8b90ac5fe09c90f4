import { type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import { onAbort, within } from '../kernel/async.ts';
import { LivefoldError } from '../kernel/errors.ts';
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
  /** Milliseconds that a query or a mutation may take. */
  readonly operationTime: number;
  /** Whether what a client got wrong is answered with what it may have meant. */
  readonly suggests: boolean;
  readonly logger: Logger;
  readonly groups: LiveGroups;
};

/**
 * Executes a query or a mutation. Never rejects: what goes wrong is in the result, fit for the client's eyes. The context's signal
 * aborts when the client is gone or the time is over, and stops what reads and appends under way.
 */
export async function executeOperation(
  args: ExecutionArgs,
  operation: Operation,
  runtime: Runtime,
): Promise<ExecutionResult> {
  const stopping = new AbortController();
  const release = onAbort(operation.signal, () => stopping.abort());
  try {
    const executed = executeWithin(args, { ...operation, signal: stopping.signal }, runtime);
    return await within(executed, runtime.operationTime, () => {
      stopping.abort();
      return timedOut(runtime.operationTime);
    });
  } catch (error) {
    return failedResult(error, { correlationId: operation.correlationId, logger: runtime.logger });
  } finally {
    release();
  }
}

/** @throws LivefoldError `UNAUTHENTICATED` */
export async function sessionOf(
  { session, authorization }: Operation,
  { sessions }: Runtime,
): Promise<Session> {
  return session ?? (await sessions?.open(authorization)) ?? new Session();
}

async function executeWithin(
  args: ExecutionArgs,
  operation: Operation,
  runtime: Runtime,
): Promise<ExecutionResult> {
  const { correlationId, authorization, signal } = operation;
  const session = await sessionOf(operation, runtime);
  operation.admit(session.caller, args);
  const request = { correlationId, authorization, session, signal, resumeAfter: null };
  const contextValue = await runtime.createContext(request);
  const result = addVariableIssues(await execute({ ...args, contextValue }), args, runtime);
  return presentResult(result, { correlationId, logger: runtime.logger });
}

function timedOut(milliseconds: number): LivefoldError {
  return new LivefoldError(
    'TIMED_OUT',
    `The operation took longer than ${milliseconds / 1_000} seconds and was stopped. If it was a mutation, send it again with the same commandId: it happens once.`,
  );
}
