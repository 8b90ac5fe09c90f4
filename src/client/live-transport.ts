import { folding, type Keys } from './folding.ts';
import { resuming } from './resuming.ts';
import type { Transport } from './transport.ts';

export type LiveOptions = {
  /** What carries subscriptions: a client of `graphql-ws`, or an `eventStream`. */
  readonly transport: Transport;
  /** The key of a live field's rows, by the field's name, where it is not `id`. */
  readonly keys?: Keys;
};

/** Subscriptions that go on where they were when the connection is lost, and whose live fields always give all rows. */
export function createLiveTransport({ transport, keys }: LiveOptions): Transport {
  return folding(resuming(transport), keys);
}
