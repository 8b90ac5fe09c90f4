import { nextTurn, onAllAborted, throwIfAborted } from '../../kernel/async.ts';
import { isLivefoldError } from '../../kernel/errors.ts';
import type { AppendItem } from '../../persistence/event-store.ts';
import type { BatchOutcome } from './append-batch.ts';
import { IndependentBatch } from './independent-batch.ts';
import { isUnavailable, isUnwritable } from './translate-error.ts';

type Waiting = {
  readonly item: AppendItem;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: BatchOutcome) => void;
  readonly reject: (error: unknown) => void;
};

type Write = (
  items: readonly AppendItem[],
  signal: AbortSignal | undefined,
) => Promise<readonly BatchOutcome[]>;

/**
 * Group commit: appends that come while one statement is under way go out together in the next. One append alone goes
 * out at once. `write` sends one batch of independent items and says what became of each; its signal aborts when nobody
 * waits for any of them.
 */
export class AppendQueue {
  readonly #write: Write;
  #waiting: Waiting[] = [];
  #isDraining = false;

  constructor(write: Write) {
    this.#write = write;
  }

  append(item: AppendItem, signal?: AbortSignal): Promise<BatchOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<BatchOutcome>();
    this.#waiting.push({ item, signal, resolve, reject });
    if (!this.#isDraining) {
      this.#isDraining = true;
      // One turn of the event loop lets every append that is made in this one join the batch.
      setImmediate(() => void this.#drain());
    }
    return promise;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#send(this.#takeBatch());
      // Let those that were just answered append again before the next batch is closed.
      await nextTurn();
    }
    this.#isDraining = false;
  }

  #takeBatch(): readonly Waiting[] {
    const batch = new IndependentBatch();
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    for (const waiting of this.#waiting) {
      if (isStopped(waiting)) continue;
      (batch.add(waiting.item) ? taken : left).push(waiting);
    }
    this.#waiting = left;
    return taken;
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    const unwanted = onAllAborted(batch.map(({ signal }) => signal));
    try {
      const outcomes = await this.#write(
        batch.map(({ item }) => item),
        unwanted?.signal,
      );
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) reject(new Error('the append function left an item unanswered'));
        else resolve(outcome);
      }
    } catch (error) {
      await this.#sendAlone(batch, error);
    } finally {
      unwanted?.release();
    }
  }

  /**
   * A value that the database refuses must fail its own item only, so a refused batch is sent again one by one. Not one whose
   * answer was lost: it may be stored already, and only the caller knows whether a second time does harm. Nor one that met a
   * database that writes nothing at all: each would fail alike.
   */
  async #sendAlone(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (batch.length === 1 || (!isLivefoldError(error, 'PROJECTION_FAILED') && isHopeless(error))) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const waiting of batch) await this.#send([waiting]);
  }
}

/** Rejects what nobody waits for any more, before it is sent. */
function isStopped({ signal, reject }: Waiting): boolean {
  try {
    throwIfAborted(signal);
    return false;
  } catch (error) {
    reject(error);
    return true;
  }
}

function isHopeless(error: unknown): boolean {
  return isUnavailable(error) || isUnwritable(error) || isLivefoldError(error, 'ABORTED');
}
