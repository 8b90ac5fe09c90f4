import { onAllAborted, throwIfAborted } from './async.ts';

type Waiting<Request, Answer> = {
  readonly request: Request;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
};

/** So many requests share one answer: enough to hide the round trip, few enough to keep one answer small. */
const mostRequests = 256;

type AnswerAll<Request, Answer> = (
  requests: readonly Request[],
  options: { readonly signal?: AbortSignal | undefined },
) => Promise<readonly Answer[]>;

/** Puts requests that come in one turn of the event loop together, to be answered in one go. */
export class TurnBatch<Request, Answer> {
  readonly #answerAll: AnswerAll<Request, Answer>;
  #waiting: Waiting<Request, Answer>[] = [];

  /**
   * @param answerAll answers as many as it is asked, in their order; when it rejects, each of them does. Its signal aborts when nobody
   *   waits for any of them any more
   */
  constructor(answerAll: AnswerAll<Request, Answer>) {
    this.#answerAll = answerAll;
  }

  /** @throws LivefoldError `ABORTED` when the signal had aborted before the turn was over */
  ask(request: Request, signal?: AbortSignal): Promise<Answer> {
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    return new Promise((resolve, reject) => this.#waiting.push({ request, signal, resolve, reject }));
  }

  #flush(): void {
    const all = this.#waiting.filter(isWanted);
    this.#waiting = [];
    for (let start = 0; start < all.length; start += mostRequests)
      void this.#answer(all.slice(start, start + mostRequests));
  }

  async #answer(waiting: readonly Waiting<Request, Answer>[]): Promise<void> {
    const unwanted = onAllAborted(waiting.map(({ signal }) => signal));
    try {
      const requests = waiting.map(({ request }) => request);
      const answers = await this.#answerAll(requests, { signal: unwanted?.signal });
      for (const [index, answer] of answers.entries()) waiting[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    } finally {
      unwanted?.release();
    }
  }
}

/** Rejects what nobody waits for any more. */
function isWanted({ signal, reject }: Waiting<unknown, never>): boolean {
  try {
    throwIfAborted(signal);
    return true;
  } catch (error) {
    reject(error);
    return false;
  }
}
