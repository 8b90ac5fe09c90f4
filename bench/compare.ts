/** One way to do the work of a comparison. */
export type Side = {
  readonly name: string;
  /** Makes so many units of work ready, and gives back what does them: only that is timed. */
  prepare(count: number): () => Promise<void>;
};

export type CompareOptions = {
  readonly rounds: number;
  /** About how long one side works in one round. */
  readonly seconds: number;
  readonly progress: (line: string) => void;
};

/** A side's speed, in units per second, round by round. */
export type Measured = { readonly name: string; readonly rates: readonly number[] };

/**
 * Runs the sides by turns, round after round: whatever else the machine does slows all alike, and one bad moment spoils one
 * round of several. Each side does as many units a round as it manages in about `seconds`.
 */
export async function measure(sides: readonly Side[], options: CompareOptions): Promise<readonly Measured[]> {
  const measured = sides.map((side) => ({ side, name: side.name, count: 0, rates: [] as number[] }));
  for (const entry of measured) entry.count = await calibrate(entry.side, options.seconds);
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const { side, count, rates } of measured) rates.push(await rateOf(side, count));
    const rates = measured.map((entry) => `${entry.name} ${perSecond(entry.rates.at(-1) ?? 0)}`);
    options.progress(`  round ${round} of ${options.rounds}: ${rates.join(', ')}`);
    // The side that goes first changes, so that none always follows the same one.
    measured.push(...measured.splice(0, 1));
  }
  return sides.map(({ name }) => ({
    name,
    rates: measured.find((entry) => entry.name === name)?.rates ?? [],
  }));
}

/** How many times as fast one side was as another: the median of the rounds' ratios. */
export function ratio(ours: Measured, theirs: Measured): number {
  return median(ours.rates.map((rate, round) => rate / (theirs.rates[round] ?? Number.NaN)));
}

/** The middle one of the values, or the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return (low + high) / 2;
}

/** A speed for people. */
export function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString('en')}/s`;
}

/** Warms the side up, and finds how many units it does in so many seconds. */
async function calibrate(side: Side, seconds: number): Promise<number> {
  let count = 64;
  let rate = await rateOf(side, count);
  // Growing by at most four a step: the first runs are slow, their plans not made and their code not compiled.
  while (count < (rate * seconds) / 4) {
    count *= 4;
    rate = await rateOf(side, count);
  }
  return Math.ceil(rate * seconds);
}

async function rateOf(side: Side, count: number): Promise<number> {
  const run = side.prepare(count);
  const start = performance.now();
  await run();
  return (count / (performance.now() - start)) * 1_000;
}
