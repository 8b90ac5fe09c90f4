/**
 * How many events to ask for at once. A page that fails may be too large: for the server, for its way here, or for the time
 * that it has. So the next one is half as large; and once pages come, larger ones are tried, less often each time that
 * such a trial fails.
 */
export class PageSize {
  readonly #largest: number;
  #size: number;
  /** The largest that has come since one failed for good. */
  #proven = 0;
  #pages = 0;
  #patience = 1;

  constructor(largest: number) {
    this.#largest = largest;
    this.#size = largest;
  }

  get current(): number {
    return this.#size;
  }

  came(size: number): void {
    if (size > this.#proven) {
      this.#proven = size;
      this.#patience = 1;
    }
    this.#pages += 1;
    if (this.#pages < this.#patience) return;
    this.#pages = 0;
    this.#size = Math.min(this.#size * 2, this.#largest);
  }

  /** Whether it was a trial: one of the size before is likely to come. */
  failed(size: number): boolean {
    const isTrial = this.#proven > 0 && size > this.#proven;
    this.#pages = 0;
    this.#patience = isTrial ? this.#patience * 2 : 1;
    this.#size = isTrial ? this.#proven : Math.max(Math.floor(size / 2), 1);
    if (!isTrial) this.#proven = 0;
    return isTrial;
  }
}
