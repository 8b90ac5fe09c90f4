/** One GraphQL operation, as it goes over the wire. */
export type OperationRequest = {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
  readonly extensions?: Record<string, unknown> | null | undefined;
};

/** What an error of a result says. */
export type ResultError = {
  readonly message: string;
  readonly extensions?: { readonly [name: string]: unknown };
};

/** One result of an operation. */
export type OperationResult = {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly ResultError[];
  readonly extensions?: Record<string, unknown>;
};

/** Who takes the results: `error` and `complete` are the end. */
export type Sink = {
  next(result: OperationResult): void;
  error(error: unknown): void;
  complete(): void;
};

/**
 * What carries subscriptions to a server. The client of `graphql-ws` is such, and so is `eventStream`.
 * `subscribe` returns what ends the subscription.
 */
export interface Transport {
  subscribe(request: OperationRequest, sink: Sink): () => void;
}
