import { LivefoldError } from '../kernel/errors.ts';

export type RateLimitOptions = {
  /** Points that a caller gets back each second. */
  readonly perSecond: number;
  /** The clock, in milliseconds; tests have their own. */
  readonly now?: () => number;
};

/** What a caller has left, and when that was counted. */
type Bucket = { readonly points: number; readonly at: number };

/** A caller who was away may spend what so many seconds give. */
const savedSeconds = 10;
/** So many callers are remembered, some 2 MB; the one who called longest ago is forgotten first, and begins with a full bucket. */
const mostCallers = 10_000;

/** Lets each caller spend so many points a second: a token bucket for each, filled while nobody looks. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor({ perSecond, now = () => performance.now() }: RateLimitOptions) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** How many callers are remembered. */
  get callers(): number {
    return this.#buckets.size;
  }

  /**
   * Takes an operation's points. Whoever has any left may overdraw them once: an operation dearer than a whole bucket could never
   * run otherwise.
   *
   * @throws LivefoldError `RATE_LIMITED` with `fields.retryAfter` in seconds
   */
  spend(caller: string, points: number): void {
    const now = this.#now();
    const left = this.#leftTo(caller, now);
    if (left <= 0) {
      const retryAfter = Math.max(1, Math.ceil(-left / this.#perSecond));
      throw new LivefoldError(
        'RATE_LIMITED',
        `Too much was asked for: try again in ${retryAfter} ${retryAfter === 1 ? 'second' : 'seconds'}.`,
        { fields: { retryAfter } },
      );
    }
    this.#keep(caller, { points: left - points, at: now });
  }

  /** Gives points back that were taken for something which another has paid by now. */
  giveBack(caller: string, points: number): void {
    const now = this.#now();
    const left = this.#leftTo(caller, now) + points;
    // Who has a full bucket is not worth remembering.
    if (left >= this.#perSecond * savedSeconds) this.#buckets.delete(caller);
    else this.#keep(caller, { points: left, at: now });
  }

  #leftTo(caller: string, now: number): number {
    const most = this.#perSecond * savedSeconds;
    const bucket = this.#buckets.get(caller);
    if (bucket === undefined) return most;
    return Math.min(most, bucket.points + ((now - bucket.at) / 1_000) * this.#perSecond);
  }

  #keep(caller: string, bucket: Bucket): void {
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    const oldest = this.#buckets.keys().next();
    if (this.#buckets.size > mostCallers && oldest.done !== true) this.#buckets.delete(oldest.value);
  }
}
