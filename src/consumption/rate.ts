/** So many milliseconds of the past make a rate. */
const window = 10_000;
/** Samples are so many milliseconds apart: few, however many small batches come. */
const apart = 500;

type Sample = { readonly at: number; readonly position: number };

/** How fast a position moves, over the last ten seconds. Times are milliseconds of a clock that only goes forward. */
export class Rate {
  #samples: readonly Sample[] = [];

  /** Notes where the position was before it moved. */
  add(position: number, at: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < apart) return;
    this.#samples = [...this.#recent(at), { at, position }];
  }

  /** Positions a second up to now, to one decimal. */
  perSecond(position: number, now: number): number {
    const [first] = this.#recent(now);
    if (first === undefined) return 0;
    return Math.round(((position - first.position) / Math.max(now - first.at, 1_000)) * 10_000) / 10;
  }

  #recent(now: number): readonly Sample[] {
    return this.#samples.filter(({ at }) => at > now - window);
  }
}
