import { backoff, sleep } from '../kernel/async.ts';
import { judgeErrors, judgeFailure, type Verdict } from './failures.ts';
import { readFrame } from './live-frame.ts';
import { type LiveOperation, readLiveOperation } from './live-operation.ts';
import type { OperationRequest, OperationResult, Sink, Transport } from './transport.ts';

/**
 * A transport whose subscriptions survive its failures: they start again behind the last position, as often as it takes, and
 * what was there before is not given twice. Subscriptions that cannot resume (see `readLiveOperation`) begin anew. Only what no
 * retry mends reaches `error`: a request that the server refuses, and a caller whom it refuses twice in a row.
 */
export function resuming(transport: Transport): Transport {
  return {
    subscribe(request, sink) {
      const subscription = new ResumingSubscription(transport, request, sink);
      return () => subscription.stop();
    },
  };
}

class ResumingSubscription {
  readonly #transport: Transport;
  readonly #sink: Sink;
  readonly #live: LiveOperation | undefined;
  readonly #request: OperationRequest;
  readonly #stopped = new AbortController();
  /** Where to resume; undefined before the first frame. */
  #position: number | undefined;
  #isUpToDate = false;
  /** How often it failed since the last result. */
  #failures = 0;
  #hasBegun = false;
  #leave = (): void => {};

  constructor(transport: Transport, request: OperationRequest, sink: Sink) {
    this.#transport = transport;
    this.#sink = sink;
    this.#live = readLiveOperation(request);
    this.#request = this.#live === undefined ? request : this.#resumable(this.#live, request);
    this.#start();
  }

  stop(): void {
    this.#stopped.abort();
    this.#leave();
  }

  /** graphql-ws repeats the request by itself when its socket is lost: the variable says another position each time it is read. */
  #resumable(live: LiveOperation, request: OperationRequest): OperationRequest {
    const given = request.variables?.[live.variable];
    const variables = Object.defineProperty({ ...request.variables }, live.variable, {
      enumerable: true,
      get: () => (this.#position === undefined ? given : String(this.#position)),
    });
    return { ...request, query: live.query, variables };
  }

  #start(): void {
    const over = new AbortController();
    const isOver = (): boolean => over.signal.aborted || this.#stopped.signal.aborted;
    const fail = (error: unknown, verdict: Verdict): void => {
      over.abort();
      this.#leave();
      this.#fail(error, verdict);
    };
    this.#leave = () => {};
    const leave = this.#transport.subscribe(this.#request, {
      next: (result) => {
        if (isOver()) return;
        const verdict = failureOf(result);
        if (verdict === 'temporary' || (verdict === 'refused' && this.#hasBegun))
          fail(result.errors, verdict);
        else this.#take(result);
      },
      error: (error) => {
        if (!isOver()) fail(error, judgeFailure(error));
      },
      complete: () => {
        if (isOver()) return;
        this.stop();
        this.#sink.complete();
      },
    });
    if (isOver()) leave();
    else this.#leave = leave;
  }

  #take(result: OperationResult): void {
    this.#failures = 0;
    this.#hasBegun = true;
    if (this.#isNews(result)) this.#sink.next(result);
  }

  /** Whether a result is not from before the last. Takes its position, if it has one. */
  #isNews({ data, extensions }: OperationResult): boolean {
    if (this.#live === undefined || extensions?.position === undefined) return true;
    const frame = this.#live.hasRows ? readFrame(data?.[this.#live.responseName]) : undefined;
    const position = Number(extensions.position);
    const held = this.#position ?? -1;
    const isUpToDate = frame?.live !== false;
    const isNews =
      position > held ||
      // The pages of a snapshot that is not complete.
      position === 0 ||
      // What is held may be replaced, or be called complete, without an event in between.
      (position === held && (frame?.kind === 'SNAPSHOT' || (isUpToDate && !this.#isUpToDate)));
    if (!isNews) return false;
    this.#position = position;
    this.#isUpToDate = isUpToDate;
    return true;
  }

  #fail(error: unknown, verdict: Verdict): void {
    const isRefusedAgain = verdict === 'refused' && (!this.#hasBegun || this.#failures > 0);
    if (verdict !== 'final' && !isRefusedAgain) return void this.#startAgain();
    this.stop();
    this.#sink.error(error);
  }

  async #startAgain(): Promise<void> {
    const pause = backoff(this.#failures, { base: 100, most: 5_000 });
    this.#failures += 1;
    await sleep(pause, this.#stopped.signal);
    if (!this.#stopped.signal.aborted) this.#start();
  }
}

/** What a result with errors and no data says about trying again. */
function failureOf({ data, errors }: OperationResult): Verdict | undefined {
  const hasData = data !== undefined && data !== null;
  return hasData || errors === undefined || errors.length === 0 ? undefined : judgeErrors(errors);
}
