import { counted, labelled, removed, whispered } from './counters.ts';
import type { OpenCounters } from './open-counters.ts';

/** Each of the writers appends so many times, one append behind the other: counts, labels, removals, and what no counter hears of. */
export async function writeConcurrently(writers: readonly OpenCounters[], appends: number): Promise<void> {
  await Promise.all(writers.map((writer, index) => write(writer, index, appends)));
}

async function write({ append }: OpenCounters, writer: number, appends: number): Promise<void> {
  for (let n = 0; n < appends; n += 1) {
    await append(counted(`c${n % 5}`, `w${writer}`));
    if (n % 4 === 0) await append(labelled(`c${n % 3}`, `by ${writer}`), whispered());
    if (n % 9 === 0) await append(removed(`c${(n + writer) % 5}`));
  }
}
