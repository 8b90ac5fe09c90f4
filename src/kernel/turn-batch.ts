type Waiting<Request, Answer> = {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
};

/** So many requests share one answer: enough to hide the round trip, few enough to keep one answer small. */
const mostRequests = 256;

/** Puts requests that come in one turn of the event loop together, to be answered in one go. */
export class TurnBatch<Request, Answer> {
  readonly #answerAll: (requests: readonly Request[]) => Promise<readonly Answer[]>;
  #waiting: Waiting<Request, Answer>[] = [];

  /** @param answerAll answers as many as it is asked, in their order; when it rejects, each of them does */
  constructor(answerAll: (requests: readonly Request[]) => Promise<readonly Answer[]>) {
    this.#answerAll = answerAll;
  }

  ask(request: Request): Promise<Answer> {
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    return new Promise((resolve, reject) => this.#waiting.push({ request, resolve, reject }));
  }

  #flush(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let start = 0; start < all.length; start += mostRequests)
      void this.#answer(all.slice(start, start + mostRequests));
  }

  async #answer(waiting: readonly Waiting<Request, Answer>[]): Promise<void> {
    try {
      const answers = await this.#answerAll(waiting.map(({ request }) => request));
      for (const [index, answer] of answers.entries()) waiting[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
