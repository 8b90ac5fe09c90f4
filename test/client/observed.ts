import type { OperationResult, Transport } from '../../src/client.ts';

/** A transport whose results somebody else sees too, before they are given on. */
export function observed(transport: Transport, observe: (result: OperationResult) => void): Transport {
  return {
    subscribe: (request, sink) =>
      transport.subscribe(request, {
        next: (result) => {
          observe(result);
          sink.next(result);
        },
        error: (error) => sink.error(error),
        complete: () => sink.complete(),
      }),
  };
}
