import { Bell, sleep } from '../kernel/async.ts';

/** Milliseconds between two looks at whose turn it is. */
const tick = 1_000;

/** Calls each of any number of listeners about every so many milliseconds, by one timer for all; by none while there are none. */
export class Pulse {
  readonly #interval: number;
  readonly #signal: AbortSignal;
  readonly #arrived = new Bell();
  /** When each is due, the next one first. */
  readonly #due = new Map<() => void, number>();

  constructor(options: { readonly interval: number; readonly signal: AbortSignal }) {
    this.#interval = options.interval;
    this.#signal = options.signal;
    void this.#run();
  }

  /** Calls it until the returned function is called. */
  add(beat: () => void): () => void {
    this.#due.set(beat, performance.now() + this.#interval);
    this.#arrived.ring();
    return () => void this.#due.delete(beat);
  }

  async #run(): Promise<void> {
    const signal = this.#signal;
    while (!signal.aborted) {
      if (this.#due.size === 0) await this.#arrived.wait(this.#arrived.rings, { signal });
      else await sleep(Math.min(tick, this.#interval), signal);
      this.#beat(performance.now());
    }
  }

  #beat(now: number): void {
    for (const [beat, due] of this.#due) {
      if (due > now) return;
      this.#due.delete(beat);
      this.#due.set(beat, now + this.#interval);
      beat();
    }
  }
}
