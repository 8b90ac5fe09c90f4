/** One line of the table: what was compared, and whether it reached what it must. */
export type Row = {
  readonly name: string;
  /** The figure: how many times the other side's speed, or whatever `unit` says. */
  readonly figure: number;
  /** What it must reach; a row without is there to be read beside the others. */
  readonly target?: number;
  /** `least`: the figure must be at least the target. `most`: at most. */
  readonly bound: 'least' | 'most';
  /** The measured speeds behind the figure, for people. */
  readonly detail: string;
};

/** What every benchmark gets: one fresh database on one server, and a line for people on what it is doing. */
export type BenchContext = {
  /** A database of the benchmark's own, dropped after it. */
  readonly databaseUrl: string;
  readonly progress: (line: string) => void;
  /** How many events to work on, for a short trial; the benchmark's own number unless given. */
  readonly events?: number | undefined;
  /** How long one measurement takes where a benchmark lets itself be told, for trial runs. */
  readonly seconds?: number | undefined;
  /** One of its parts, where it has some; all unless given. */
  readonly part?: string | undefined;
};

/** One file in this folder each, listed in `benchmarks.ts`. */
export type Benchmark = {
  readonly name: string;
  readonly describe: string;
  run(context: BenchContext): Promise<readonly Row[]>;
};
