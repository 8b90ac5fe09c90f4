import { benchmark as append } from './append.ts';
import type { Benchmark } from './benchmark.ts';

/** Every benchmark, in the order of `--help`. */
export const benchmarks: readonly Benchmark[] = [append];
