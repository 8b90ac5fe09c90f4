import type { OperationRequest, OperationResult, Sink, Transport } from '../../src/client.ts';

/** One attempt of a subscription: what was asked, and what the test answers. */
export type Attempt = {
  readonly request: OperationRequest;
  /** The variables as they are when they are read. */
  readonly variables: () => unknown;
  readonly sink: Sink;
  isLeft: boolean;
};

/** A transport that answers as a test says. */
export class ScriptedTransport implements Transport {
  readonly attempts: Attempt[] = [];

  subscribe(request: OperationRequest, sink: Sink): () => void {
    const attempt: Attempt = {
      request,
      sink,
      variables: () => JSON.parse(JSON.stringify(request)).variables,
      isLeft: false,
    };
    this.attempts.push(attempt);
    return () => {
      attempt.isLeft = true;
    };
  }

  get last(): Attempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error('Nothing was subscribed.');
    return attempt;
  }
}

/** What came out of a subscription. */
export class Taken implements Sink {
  readonly results: OperationResult[] = [];
  readonly errors: unknown[] = [];
  completions = 0;

  next(result: OperationResult): void {
    this.results.push(result);
  }

  error(error: unknown): void {
    this.errors.push(error);
  }

  complete(): void {
    this.completions += 1;
  }

  get positions(): readonly unknown[] {
    return this.results.map(({ extensions }) => extensions?.position);
  }
}

type FrameParts = {
  readonly position: number;
  readonly kind?: 'SNAPSHOT' | 'DELTA';
  readonly upserted?: readonly object[];
  readonly removed?: readonly string[];
  readonly live?: boolean;
};

/** A result of the live field `orders`. */
export function orders({
  position,
  kind = 'DELTA',
  upserted = [],
  removed = [],
  live = true,
}: FrameParts): OperationResult {
  return {
    data: { orders: { kind, position: String(position), upserted, removed, live } },
    extensions: { position: String(position) },
  };
}
