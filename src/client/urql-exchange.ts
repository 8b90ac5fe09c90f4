import {
  composeExchanges,
  type Exchange,
  makeOperation,
  mapExchange,
  subscriptionExchange,
} from '@urql/core';
import { AtLeast } from './at-least.ts';
import { createLiveTransport, type LiveOptions } from './live-transport.ts';
import type { OperationResult, Sink } from './transport.ts';

/**
 * An exchange for urql, in the place of a `subscriptionExchange` and before the `fetchExchange`: live fields go on where they
 * were and give all rows each time, and queries that declare `$atLeast: Position` see what the client has written.
 */
export function livefoldExchange(options: LiveOptions): Exchange {
  const live = createLiveTransport(options);
  const atLeast = new AtLeast();
  return composeExchanges([
    mapExchange({
      onOperation: (operation) => {
        if (operation.kind !== 'query') return undefined;
        const variables = atLeast.fill(operation.query, operation.variables ?? {});
        return makeOperation(operation.kind, { ...operation, variables }, operation.context);
      },
      onResult: ({ operation, data }) => {
        if (operation.kind === 'mutation') atLeast.note(data);
      },
    }),
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables, operationName, extensions }) => ({
        subscribe: (sink) => ({
          unsubscribe: live.subscribe(
            { query, variables, operationName, extensions },
            withoutOldErrors(sink),
          ),
        }),
      }),
    }),
  ]);
}

/** urql keeps the errors of the last result until another has errors, if only none. Its first result may not have an empty list. */
function withoutOldErrors(sink: Sink): Sink {
  let hadErrors = false;
  return {
    next: ({ errors = [], ...result }: OperationResult) => {
      sink.next(errors.length > 0 || hadErrors ? { ...result, errors } : result);
      hadErrors = errors.length > 0;
    },
    error: (error) => sink.error(error),
    complete: () => sink.complete(),
  };
}
