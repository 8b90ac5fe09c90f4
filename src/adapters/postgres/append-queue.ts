import type { AppendItem } from '../../persistence/event-store.ts';
import type { BatchOutcome } from './append-batch.ts';
import { IndependentBatch } from './independent-batch.ts';

type Waiting = {
  readonly item: AppendItem;
  readonly resolve: (outcome: BatchOutcome) => void;
  readonly reject: (error: unknown) => void;
};

/** With two, one batch is written and read here while the other is worked on there; a third would only make both smaller. */
const mostUnderWay = 2;

/** Fewer are not worth a commit of their own: they go out in one batch even when nothing is under way. */


/**
 * Group commit: appends that come while statements are under way go out together in the next. One append alone goes out
 * at once. `write` sends one batch of independent items and says what became of each; batches are stored in the order sent.
 */
export class AppendQueue {
  readonly #split = Number(process.env.SPLIT ?? 64);
  readonly #write: (items: readonly AppendItem[]) => Promise<readonly BatchOutcome[]>;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #isWoken = false;

  constructor(write: (items: readonly AppendItem[]) => Promise<readonly BatchOutcome[]>) {
    this.#write = write;
  }

  append(item: AppendItem): Promise<BatchOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<BatchOutcome>();
    this.#waiting.push({ item, resolve, reject });
    this.#wake();
    return promise;
  }

  /** One turn of the event loop lets every writer that the last answer woke join the next batch. */
  #wake(): void {
    if (this.#isWoken || this.#waiting.length === 0 || this.#underWay === mostUnderWay) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      const most = this.#underWay === 0 && this.#waiting.length >= this.#split ? Math.ceil(this.#waiting.length / 2) : this.#waiting.length;
      void this.#sendNext(most);
      this.#wake();
    });
  }

  async #sendNext(most: number): Promise<void> {
    this.#underWay += 1;
    await this.#send(this.#takeBatch(most));
    this.#underWay -= 1;
    this.#wake();
  }

  #takeBatch(most: number): readonly Waiting[] {
    const batch = new IndependentBatch();
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    for (const waiting of this.#waiting) (taken.length < most && batch.add(waiting.item) ? taken : left).push(waiting);
    this.#waiting = left;
    return taken;
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#write(batch.map(({ item }) => item));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) reject(new Error('the append function left an item unanswered'));
        else resolve(outcome);
      }
    } catch (error) {
      await this.#sendAlone(batch, error);
    }
  }

  /** A value that the database refuses must fail its own item only, so a refused batch is sent again one by one. */
  async #sendAlone(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (batch.length === 1) {
      batch[0]?.reject(error);
      return;
    }
    for (const waiting of batch) await this.#send([waiting]);
  }
}
