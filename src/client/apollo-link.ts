import { ApolloLink, CombinedGraphQLErrors, Observable } from '@apollo/client';
import { print } from 'graphql';
import { AtLeast } from './at-least.ts';
import { createLiveTransport, type LiveOptions } from './live-transport.ts';
import type { Transport } from './transport.ts';

/**
 * A link for Apollo Client, in front of the `HttpLink`: live fields go on where they were and give all rows each time, and
 * queries that declare `$atLeast: Position` see what the client has written.
 */
export function createLivefoldLink(options: LiveOptions): ApolloLink {
  const live = createLiveTransport(options);
  const atLeast = new AtLeast();
  return new ApolloLink((operation, forward) => {
    if (operation.operationType === 'subscription') return subscribe(live, operation);
    if (operation.operationType === 'mutation') return noting(atLeast, forward(operation));
    // The cache goes by the variables of the caller, not by these: what it holds stays under one name.
    operation.variables = atLeast.fill(operation.query, operation.variables);
    return forward(operation);
  });
}

function subscribe(live: Transport, operation: ApolloLink.Operation): Observable<ApolloLink.Result> {
  const { query, variables, operationName, extensions } = operation;
  return new Observable((observer) =>
    live.subscribe(
      { query: print(query), variables, operationName, extensions },
      {
        next: (result) => observer.next(result),
        error: (error) => observer.error(asError(error)),
        complete: () => observer.complete(),
      },
    ),
  );
}

/** Apollo wants an Error: transports also give GraphQL's errors and a socket's close event. */
function asError(error: unknown): unknown {
  if (Array.isArray(error)) return new CombinedGraphQLErrors({ errors: error });
  return error instanceof Error ? error : new Error('The subscription failed.', { cause: error });
}

function noting(atLeast: AtLeast, results: Observable<ApolloLink.Result>): Observable<ApolloLink.Result> {
  return new Observable((observer) =>
    results.subscribe({
      next: (result) => {
        if ('data' in result) atLeast.note(result.data);
        observer.next(result);
      },
      error: (error) => observer.error(error),
      complete: () => observer.complete(),
    }),
  );
}
