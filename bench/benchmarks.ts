import { benchmark as append } from './append.ts';
import type { Benchmark } from './benchmark.ts';
import { benchmark as consume } from './consume.ts';
import { benchmark as importRetail } from './import.ts';
import { benchmark as latency } from './latency.ts';
import { benchmark as live } from './live.ts';
import { benchmark as project } from './project.ts';
import { benchmark as store } from './store.ts';

/** Every benchmark, in the order of `--help`. */
export const benchmarks: readonly Benchmark[] = [
  append,
  store,
  project,
  consume,
  latency,
  live,
  importRetail,
];
