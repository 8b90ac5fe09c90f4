import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import { onAbort } from '../kernel/async.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';
import type { Session } from './auth/session.ts';
import type { Sessions } from './auth/sessions.ts';
import { type ErrorScope, failedResult, presentResult } from './errors.ts';
import { type Runtime, sessionOf } from './execute.ts';
import { positionOf } from './frame.ts';
import type { LiveGroups, LiveRequest } from './live-groups.ts';
import { isLiveSource, type LiveSource } from './live-source.ts';
import { LiveSubscription } from './live-subscription.ts';
import type { Operation } from './operation.ts';
import { ResultStream } from './result-stream.ts';
import { addVariableIssues } from './variable-issues.ts';

/** A subscription's results; those of a live one go to the operation's outlet, and only its error and its end are here. */
export type Results = AsyncGenerator<ExecutionResult, undefined, void>;

/**
 * Starts a subscription: its source stream once, then one execution for each value of it. A result whose root value is a
 * frame carries its position in `extensions.position`. Never rejects: a subscription that cannot start gives one result
 * with errors; one whose source fails ends with such a result. The context's signal aborts when the subscription ends.
 */
export async function subscribeOperation(
  args: ExecutionArgs,
  operation: Operation,
  runtime: Runtime,
): Promise<ExecutionResult | Results> {
  const { correlationId, authorization } = operation;
  const { createContext, logger } = runtime;
  const scope = { correlationId, logger };
  const left = new AbortController();
  // A WebSocket's signal outlives its subscriptions.
  const release = onAbort(operation.signal, () => left.abort());
  onAbort(left.signal, release);
  try {
    const resumeAfter = parseLastEventId(operation.lastEventId);
    const session = await sessionOf(operation, runtime);
    const { replaced } = session;
    operation.admit(session.caller, args);
    const contextValue = await createContext({
      correlationId,
      authorization,
      session,
      resumeAfter,
      signal: left.signal,
    });
    const source = await createSourceEventStream({ ...args, contextValue });
    if (isLiveSource(source) && operation.outlet !== undefined) {
      const request = { args, operation, session };
      const { outlet } = operation;
      const place = await runtime.groups.enter(request);
      const toFailure = (error: unknown) => failedResult(error, scope);
      const onOver = (): void => left.abort();
      const stream = new LiveSubscription({ place, outlet, start: source.start, toFailure, onOver });
      onAbort(left.signal, () => void stream.return());
      moveWhenReplaced(replaced, { request, stream, restart: source.restart, groups: runtime.groups, left });
      if (operation.session === null) endWith(session, { stream, sessions: runtime.sessions, left });
      return stream;
    }
    if (Symbol.asyncIterator in source) {
      const stream = streamOf(source, { ...args, contextValue }, { scope, left });
      // A connection that has a session of its own looks after it itself.
      if (operation.session === null) endWith(session, { stream, sessions: runtime.sessions, left });
      return stream;
    }
    left.abort();
    return presentResult(addVariableIssues(source, args, runtime), scope);
  } catch (error) {
    left.abort();
    return failedResult(error, scope);
  }
}

function streamOf(
  source: AsyncIterable<unknown>,
  args: ExecutionArgs,
  { scope, left }: { readonly scope: ErrorScope; readonly left: AbortController },
): ResultStream {
  return new ResultStream({
    source,
    left,
    toResult: async (rootValue) => {
      const result = presentResult(await execute({ ...args, rootValue }), scope);
      const position = positionOf(rootValue);
      if (position === undefined) return result;
      return { ...result, extensions: { ...result.extensions, position: String(position) } };
    },
    toFailure: (error) => failedResult(error, scope),
    onCleanupError: (err) => {
      scope.logger.warn(
        { correlationId: scope.correlationId, err },
        'A subscription failed while it cleaned up.',
      );
    },
  });
}

/** Goes on with what the caller may see whenever that has become more or less. */
function moveWhenReplaced(
  replaced: AbortSignal,
  options: {
    readonly request: LiveRequest;
    readonly stream: LiveSubscription;
    readonly restart: LiveSource['restart'];
    readonly groups: LiveGroups;
    readonly left: AbortController;
  },
): void {
  const { request, stream, restart, groups, left } = options;
  const forget = onAbort(replaced, () => {
    // It never rejects.
    void stream.move(groups.enter(request), restart(stream.cursor));
    moveWhenReplaced(request.session.replaced, options);
  });
  onAbort(left.signal, forget);
}

/** Ends a stream with the reason when its caller is not believed any more. */
function endWith(
  session: Session,
  {
    stream,
    sessions,
    left,
  }: { stream: Pick<ResultStream, 'fail'>; sessions: Sessions | undefined; left: AbortController },
): void {
  const release = sessions?.watch(session);
  const forget = onAbort(session.ended, () => stream.fail(session.ended.reason));
  onAbort(left.signal, () => {
    release?.();
    forget();
  });
}

/** Ignoring what is no position would start a client anew that asked to resume: it would miss events and not know. */
function parseLastEventId(text: string | null): Position | null {
  if (text === null || text === '') return null;
  const position = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(position)) return position;
  const message = 'Last-Event-ID is no log position: send back the `id:` of the last event as it came.';
  throw new LivefoldError('BAD_USER_INPUT', message, {
    fields: { issues: [{ path: ['Last-Event-ID'], message }] },
  });
}
