import { Rate } from '../consumption/rate.ts';

const width = 24;

/** How far something is: `████████████░░░░░░░░░░░░ 50 % of 2,000 events`. */
export function progressBar(done: number, whole: number, what: string): string {
  const share = whole === 0 ? 1 : Math.min(1, done / whole);
  const filled = Math.floor(share * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${Math.floor(share * 100)} % of ${whole.toLocaleString('en')} ${what}`;
}

/** The same with how fast it goes and how long it still takes: `…, 12,500/s, 3 min left`. */
export class PacedBar {
  readonly #rate = new Rate();

  /** `now` is in milliseconds of a clock that only goes forward. */
  show(done: number, whole: number, what: string, now: number = performance.now()): string {
    const rate = Math.round(this.#rate.perSecond(done, now));
    this.#rate.add(done, now);
    const bar = progressBar(done, whole, what);
    if (rate === 0) return bar;
    const left = done >= whole ? '' : `, ${duration((whole - done) / rate)} left`;
    return `${bar}, ${rate.toLocaleString('en')}/s${left}`;
  }
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
