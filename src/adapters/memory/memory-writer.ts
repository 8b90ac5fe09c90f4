import { Bell } from '../../kernel/async.ts';
import type { MemoryState } from './memory-state.ts';
import { MemoryTransaction } from './memory-transaction.ts';

/** Lets writers in one after another, each with a transaction of its own. */
export class MemoryWriter {
  /** Rings when something was committed. */
  readonly bell = new Bell();
  readonly #state: MemoryState;
  #last: Promise<unknown> = Promise.resolve();

  constructor(state: MemoryState) {
    this.#state = state;
  }

  /** Runs work alone; what it did is committed when it is done and gone when it throws. */
  run<Result>(work: (transaction: MemoryTransaction) => Result | Promise<Result>): Promise<Result> {
    const running = this.#last.then(() => this.#runAlone(work));
    this.#last = running.catch(() => {});
    return running;
  }

  /** What work in the caller's transaction needs, or what a reader sees without one. */
  view(transaction: MemoryTransaction | undefined): MemoryTransaction {
    return transaction?.checkOpen() ?? new MemoryTransaction(this.#state);
  }

  async #runAlone<Result>(
    work: (transaction: MemoryTransaction) => Result | Promise<Result>,
  ): Promise<Result> {
    const transaction = new MemoryTransaction(this.#state);
    try {
      const result = await work(transaction);
      transaction.commit();
      this.bell.ring();
      return result;
    } finally {
      transaction.end();
    }
  }
}
