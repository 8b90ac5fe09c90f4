import { type ExecutionArgs, GraphQLError } from 'graphql';
import type { Context, ServerOptions, SubscribePayload } from 'graphql-ws';
import { createId } from '../kernel/ids.ts';
import { type ErrorScope, presentErrors } from './errors.ts';
import { executeOperation, type Runtime } from './execute.ts';
import type { GraphQLEndpoint } from './graphql-endpoint.ts';
import { requestError } from './http-errors.ts';
import { exceeded, type Limits } from './limits.ts';
import type { Operation } from './operation.ts';
import { subscribeOperation } from './subscribe.ts';
import type { WebSocketConnection } from './websocket-connection.ts';

export type WebSocketOperationsOptions = {
  readonly endpoint: GraphQLEndpoint;
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly stopping: AbortSignal;
};

type Socket = Context<Record<string, unknown> | undefined, WebSocketConnection>;
type Hooks = ServerOptions<Record<string, unknown> | undefined, WebSocketConnection>;

/** How graphql-ws runs operations: parsed and validated like HTTP's, executed by the same functions, errors presented alike. */
export function createWebSocketOperations(options: WebSocketOperationsOptions): Hooks {
  const { endpoint, runtime, limits, stopping } = options;
  return {
    onConnect: (socket) => {
      socket.extra.openOperations = () => Object.values(socket.subscriptions);
    },
    onSubscribe: (socket, _, payload) => {
      if (stopping.aborted) return [requestError(503, 'UNAVAILABLE', 'The server is stopping.')];
      if (socket.extra.openOperations().length > limits.operationsPerSocket) {
        const message = `A WebSocket may have ${limits.operationsPerSocket} operations open: complete some first.`;
        return [exceeded('operationsPerSocket', message)];
      }
      return prepare(endpoint, openOperation(socket), payload);
    },
    execute: (args) => executeOperation(args, operationOf(args), runtime),
    subscribe: (args) => subscribeOperation(args, operationOf(args), runtime),
    onError: (_socket, _id, _payload, errors) =>
      present(errors, { correlationId: createId(), logger: runtime.logger }),
  };
}

function openOperation({ connectionParams, extra }: Socket): Operation {
  const given = connectionParams?.authorization ?? connectionParams?.Authorization;
  return {
    correlationId: createId(),
    authorization: typeof given === 'string' ? given : extra.authorization,
    lastEventId: null,
    signal: extra.gone,
  };
}

/** The document ready to execute, or what is wrong with it. */
function prepare(
  endpoint: GraphQLEndpoint,
  operation: Operation,
  { query, variables, operationName }: SubscribePayload,
): ExecutionArgs | readonly GraphQLError[] {
  const { parse, validate, schema } = endpoint.getEnveloped({ operation });
  try {
    const document = parse(query);
    const errors = validate(schema, document);
    if (errors.length > 0) return errors;
    return { schema, document, variableValues: variables, operationName, contextValue: operation };
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
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
