import { setImmediate } from 'node:timers/promises';
import type { ExecutionResult } from 'graphql';
import { onAbort } from '../kernel/async.ts';

type Step = IteratorResult<ExecutionResult, undefined>;

export type ResultStreamOptions = {
  /** What a subscription field returned. */
  readonly source: AsyncIterable<unknown>;
  readonly toResult: (value: unknown) => Promise<ExecutionResult>;
  /** The last result of a source that failed. */
  readonly toFailure: (error: unknown) => ExecutionResult;
  /** Told to the source, which may be waiting for its next value, when nobody wants it any more. */
  readonly left: AbortController;
  /** Gets what a source throws while it cleans up: it has no reader left. */
  readonly onCleanupError: (error: unknown) => void;
};

/** After so many results the process has a turn for others: a source in memory and a fast client would not leave one. */
const turnLength = 64;

const done: Step = { done: true, value: undefined };

/**
 * A subscription's results, one for each value of its source, pulled one at a time. `return()` takes effect at once, even
 * while the source waits: a suspended generator would hear of it only with its next value, so the signal is aborted too.
 */
export class ResultStream implements AsyncGenerator<ExecutionResult, undefined, void> {
  readonly #options: ResultStreamOptions;
  readonly #source: AsyncIterator<unknown>;
  #isClosed = false;
  #pulled = 0;
  #answerWaiting: ((step: Step) => void) | undefined;
  /** The error to end with, where nobody was waiting for it. */
  #last: Step | undefined;

  constructor(options: ResultStreamOptions) {
    this.#options = options;
    this.#source = options.source[Symbol.asyncIterator]();
    onAbort(options.left.signal, () => this.#close());
  }

  next(): Promise<Step> {
    if (this.#isClosed) return Promise.resolve(this.#takeLast());
    const { promise, resolve } = Promise.withResolvers<Step>();
    this.#answerWaiting = resolve;
    // #pull never rejects.
    void this.#pull().then((step) => this.#answer(resolve, step));
    return promise;
  }

  return(): Promise<Step> {
    this.#options.left.abort();
    return Promise.resolve(done);
  }

  /** Ends the stream with this error, which comes next, whatever its source is about to give. */
  fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#last = { done: false, value: this.#options.toFailure(error) };
    this.#options.left.abort();
  }

  throw(error: unknown): Promise<Step> {
    this.#options.left.abort();
    return Promise.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #pull(): Promise<Step> {
    try {
      this.#pulled += 1;
      if (this.#pulled % turnLength === 0) await setImmediate();
      const step = await this.#source.next();
      if (step.done !== true) return { done: false, value: await this.#options.toResult(step.value) };
      this.#options.left.abort();
      return done;
    } catch (error) {
      if (this.#isClosed) return done;
      // The abort answers whoever waits.
      this.fail(error);
      return done;
    }
  }

  #answer(answer: (step: Step) => void, step: Step): void {
    if (this.#answerWaiting === answer) this.#answerWaiting = undefined;
    answer(step);
  }

  #takeLast(): Step {
    const last = this.#last ?? done;
    this.#last = undefined;
    return last;
  }

  #close(): void {
    this.#isClosed = true;
    const answer = this.#answerWaiting;
    if (answer !== undefined) this.#answer(answer, this.#takeLast());
    this.#cleanUp().catch(this.#options.onCleanupError);
  }

  async #cleanUp(): Promise<void> {
    await this.#source.return?.();
  }
}
