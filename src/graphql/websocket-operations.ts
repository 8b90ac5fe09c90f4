import { type ExecutionArgs, GraphQLError } from 'graphql';
import type { Context, ServerOptions, SubscribePayload } from 'graphql-ws';
import { onAbort } from '../kernel/async.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import { createId } from '../kernel/ids.ts';
import type { Admit, Arrive } from './admission.ts';
import { anonymous } from './auth/caller.ts';
import type { Session } from './auth/session.ts';
import type { Sessions } from './auth/sessions.ts';
import { type ErrorScope, presentErrors, toGraphQLError } from './errors.ts';
import { executeOperation, type Runtime } from './execute.ts';
import type { GraphQLEndpoint } from './graphql-endpoint.ts';
import { requestError } from './http-errors.ts';
import { exceeded, type Limits } from './limits.ts';
import type { Operation } from './operation.ts';
import { subscribeOperation } from './subscribe.ts';
import { type TrustedDocuments, trustedText } from './trusted-documents.ts';
import type { WebSocketConnection } from './websocket-connection.ts';
import { webSocketOutlet } from './websocket-outlet.ts';

export type WebSocketOperationsOptions = {
  readonly endpoint: GraphQLEndpoint;
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly arrive: Arrive;
  /** The only operations that run; any unless given. */
  readonly documents: TrustedDocuments | undefined;
  readonly stopping: AbortSignal;
};

type Socket = Context<Record<string, unknown> | undefined, WebSocketConnection>;
type Hooks = ServerOptions<Record<string, unknown> | undefined, WebSocketConnection>;

/** How graphql-ws runs operations: parsed and validated like HTTP's, executed by the same functions, errors presented alike. */
export function createWebSocketOperations(options: WebSocketOperationsOptions): Hooks {
  const { runtime, limits, stopping } = options;
  return {
    onConnect: (socket) => {
      socket.extra.operations = () => socket.subscriptions;
      return welcome(socket, runtime);
    },
    onSubscribe: (socket, id, payload) => {
      if (stopping.aborted) return [requestError(503, 'UNAVAILABLE', 'The server is stopping.')];
      if (Object.keys(socket.subscriptions).length > limits.operationsPerSocket) {
        const message = `A WebSocket may have ${limits.operationsPerSocket} operations open: complete some first.`;
        return [exceeded('operationsPerSocket', message)];
      }
      return prepare({ socket, id, payload }, options);
    },
    execute: (args) => executeOperation(args, operationOf(args), runtime),
    subscribe: (args) => subscribeOperation(args, operationOf(args), runtime),
    onError: (_socket, _id, _payload, errors) =>
      present(errors, { correlationId: createId(), logger: runtime.logger }),
  };
}

/** Finds out who has connected, and closes the socket when it is not to be believed, now or later, or has asked for too much. */
async function welcome(socket: Socket, { sessions, logger }: Runtime): Promise<boolean> {
  const { extra } = socket;
  try {
    const session = sessions && (await openSession(socket, sessions));
    extra.admit(session?.caller ?? anonymous);
    return true;
  } catch (error) {
    if (!isLivefoldError(error, 'UNAUTHENTICATED') && !isLivefoldError(error, 'RATE_LIMITED'))
      logger.warn({ err: error }, 'A caller cannot be known.');
    extra.refuse(error);
    return false;
  }
}

async function openSession({ connectionParams, extra }: Socket, sessions: Sessions): Promise<Session> {
  const session = await sessions.open(authorizationOf({ connectionParams, extra }));
  session.refresh = (authorization) => sessions.refresh(session, authorization);
  extra.session = session;
  const release = sessions.watch(session);
  onAbort(extra.gone, release);
  onAbort(session.ended, () => extra.refuse(session.ended.reason));
  return session;
}

function authorizationOf({ connectionParams, extra }: Pick<Socket, 'connectionParams' | 'extra'>) {
  const given = connectionParams?.authorization ?? connectionParams?.Authorization;
  return typeof given === 'string' ? given : extra.authorization;
}

function openOperation(socket: Socket, id: string, admit: Admit): Operation {
  const { extra } = socket;
  return {
    correlationId: createId(),
    authorization: authorizationOf(socket),
    session: extra.session,
    admit,
    lastEventId: null,
    signal: extra.begin(id),
    outlet: webSocketOutlet(extra, id),
  };
}

/** The document ready to execute, and admitted; or what is wrong with it. */
function prepare(
  asked: { readonly socket: Socket; readonly id: string; readonly payload: SubscribePayload },
  { endpoint, arrive, documents }: WebSocketOperationsOptions,
): ExecutionArgs | readonly GraphQLError[] {
  const { socket, id, payload } = asked;
  const { address, session } = socket.extra;
  const caller = session?.caller ?? anonymous;
  try {
    const operation = openOperation(socket, id, arrive({ address, caller }));
    const { parse, validate, schema } = endpoint.getEnveloped({ exchange: { operation } });
    const document = parse(documents === undefined ? payload.query : trustedText(documents, payload));
    const errors = validate(schema, document);
    if (errors.length > 0) return errors;
    const { variables: variableValues, operationName } = payload;
    const args = { schema, document, variableValues, operationName, contextValue: operation };
    operation.admit(caller, args);
    return args;
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    if (isLivefoldError(error, 'RATE_LIMITED')) return [toGraphQLError(error)];
    throw error;
  }
}

function present(errors: readonly GraphQLError[], scope: ErrorScope) {
  return presentErrors(errors, scope).map((error) => error.toJSON());
}

/** `prepare` put it there. */
function operationOf({ contextValue }: ExecutionArgs): Operation {
  return contextValue as Operation;
}
