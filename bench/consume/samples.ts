import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** How far a catch-up was at a moment, in milliseconds, and how much memory its process took, in MB. */
export type Sample = { readonly time: number; readonly position: number; readonly memory: number };

export const sampleAt = (position: number): Sample => ({
  time: performance.now(),
  position,
  memory: process.memoryUsage.rss() / 2 ** 20,
});

/** Runs a program that catches up, in a process of its own, and reads the samples that it prints. */
export async function samplesOf(program: string, args: readonly string[]): Promise<readonly Sample[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { maxBuffer: 2 ** 26 });
  // What the programs in this folder print.
  return JSON.parse(stdout) as readonly Sample[];
}

/** Events a second between two parts of the way, 0 and 1 being its ends. */
export function rateBetween(samples: readonly Sample[], from: number, to: number): number {
  const last = samples.at(-1)?.position ?? 0;
  const reached = (part: number) => samples.find(({ position }) => position >= last * part);
  const [start, end] = [reached(from), reached(to)];
  if (start === undefined || end === undefined) return Number.NaN;
  return ((end.position - start.position) / (end.time - start.time)) * 1_000;
}

/** Events a second up to the last sample, which may come some time behind the last event. */
export function rateToEnd(samples: readonly Sample[]): number {
  const [start, end] = [samples[0], samples.at(-1)];
  if (start === undefined || end === undefined) return Number.NaN;
  return ((end.position - start.position) / (end.time - start.time)) * 1_000;
}

/** The most memory that was taken between two parts of the way. */
export function memoryBetween(samples: readonly Sample[], from: number, to: number): number {
  const last = samples.at(-1)?.position ?? 0;
  return Math.max(
    ...samples
      .filter(({ position }) => position >= last * from && position <= last * to)
      .map(({ memory }) => memory),
  );
}
