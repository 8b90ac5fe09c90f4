import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { askYoga } from './ask-yoga.ts';
import type { Exchange, GraphQLEndpoint } from './graphql-endpoint.ts';
import type { Operation } from './operation.ts';
import type { SharedEventStream } from './shared-event-stream.ts';

export type SharedAnswerOptions = {
  readonly endpoint: GraphQLEndpoint;
  /** The request's body, where it has one. */
  readonly body: string | null;
  readonly stream: SharedEventStream;
  readonly operation: Operation;
  /** Ends the operation, also while it runs. */
  readonly stopping: AbortController;
};

/**
 * Runs an operation whose results go to its client's event stream: 202 says that they do. One that cannot run is answered
 * itself, never with a status of success: its client would wait for results.
 */
export async function answerShared(
  request: IncomingMessage,
  response: ServerResponse,
  { endpoint, body, stream, operation, stopping }: SharedAnswerOptions,
): Promise<void> {
  const exchange: Exchange = { operation, shared: { stream, stopping } };
  const answer = await askYoga(endpoint, request, body, exchange);
  const id = exchange.shared?.id;
  const text = await answer.text();
  const results = exchange.results ?? wholeResult(text);
  if (id !== undefined && results !== undefined) {
    void stream.tell(id, results);
    response.writeHead(202).end();
    return;
  }
  if (id !== undefined) stream.forget(id);
  response.setHeaders(answer.headers);
  response.writeHead(Math.max(400, answer.status)).end(text);
}

/** What a query or a mutation gave; nothing for an operation that could not run. */
function wholeResult(text: string): readonly ExecutionResult[] | undefined {
  try {
    const result: unknown = JSON.parse(text);
    const isWhole = typeof result === 'object' && result !== null && 'data' in result;
    return isWhole ? [result as ExecutionResult] : undefined;
  } catch {
    return undefined;
  }
}
