import { TurnBatch } from './turn-batch.ts';

/** Has work that is asked for several times in one turn of the event loop done once, for all who ask. */
export class EqualWork<Result> {
  readonly #asked = new Map<string, TurnBatch<undefined, Result>>();

  /**
   * @param name what has the same name is the same work; it begins when the turn is over, so who asks later has it done anew
   * @param work its signal aborts when nobody waits for it any more
   * @throws LivefoldError `ABORTED` when the signal had aborted before the turn was over
   */
  ask(name: string, work: (signal?: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const batch = this.#asked.get(name) ?? this.#begin(name, work);
    return batch.ask(undefined, signal);
  }

  #begin(name: string, work: (signal?: AbortSignal) => Promise<Result>): TurnBatch<undefined, Result> {
    const begun = new TurnBatch<undefined, Result>(async (asked, { signal }) => {
      const result = await work(signal);
      return asked.map(() => result);
    });
    this.#asked.set(name, begun);
    setImmediate(() => this.#asked.delete(name));
    return begun;
  }
}
