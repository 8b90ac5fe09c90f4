/** Work on a unit, under a token. */
type Work = {
  readonly token: number;
  readonly stopping: AbortController;
  readonly done: Promise<void>;
};

export type Begin = {
  readonly token: number;
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Called when the work is over, unless other work took its place. */
  readonly onOver: (wasStopped: boolean) => void;
};

/** What a process works on, by unit. Work that is told to stop is still there until it is over. */
export class Works {
  readonly #works = new Map<string, Work>();

  get units(): readonly string[] {
    return [...this.#works.keys()];
  }

  has(unit: string): boolean {
    return this.#works.has(unit);
  }

  /** The token that a unit is worked on under; undefined when it is not, or not any more. */
  tokenOf(unit: string): number | undefined {
    const work = this.#works.get(unit);
    return work?.stopping.signal.aborted === false ? work.token : undefined;
  }

  /** Begins work on a unit; what is under way on it is stopped, and over before this begins. */
  begin(unit: string, { token, run, onOver }: Begin): void {
    const before = this.stop(unit);
    const stopping = new AbortController();
    const { signal } = stopping;
    const done = before
      .then(() => run(signal))
      .finally(() => {
        if (this.#works.get(unit) !== work) return;
        this.#works.delete(unit);
        onOver(signal.aborted);
      });
    const work: Work = { token, stopping, done };
    this.#works.set(unit, work);
  }

  /** Tells the work on a unit to stop, if there is any; resolves when it is over. */
  async stop(unit: string): Promise<void> {
    const work = this.#works.get(unit);
    work?.stopping.abort();
    await work?.done;
  }
}
