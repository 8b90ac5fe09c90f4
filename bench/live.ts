import type { Benchmark, Row } from './benchmark.ts';
import { broadcastRows, filterRows } from './live/broadcast.ts';
import { idleRows } from './live/idle.ts';
import { queryRows } from './live/queries.ts';
import { stoppedRows } from './live/stopped-client.ts';

type Part = {
  readonly name: string;
  readonly describe: string;
  readonly run: (databaseUrl: string, seconds: number) => Promise<readonly Row[]>;
};

const parts: readonly Part[] = [
  ...[1_000, 5_000].map((count) => ({
    name: `broadcast-${count}`,
    describe: `${count} subscribers of one document`,
    run: (url: string, seconds: number) => broadcastRows(url, count, seconds),
  })),
  {
    name: 'filters',
    describe: '5000 subscribers with 500 filters',
    run: (url, seconds) => filterRows(url, { count: 5_000, customers: 500, seconds }),
  },
  {
    name: 'idle',
    describe: '10000 idle subscribers',
    run: (url, seconds) => idleRows(url, 10_000, seconds),
  },
  {
    name: 'stopped',
    describe: 'a client that stops',
    run: (url, seconds) => stoppedRows(url, seconds * 6),
  },
  { name: 'queries', describe: 'queries', run: (url, seconds) => queryRows(url, seconds / 2) },
];

/** Servers, subscribers and other clients are processes of their own. */
export const benchmark: Benchmark = {
  name: 'live',
  describe: `live fields and queries: ${parts.map(({ name }) => name).join(', ')}`,

  async run({ databaseUrl, progress, seconds = 10, part }) {
    const rows: Row[] = [];
    for (const { name, describe, run } of parts) {
      if (part !== undefined && part !== name) continue;
      progress(`${describe} …`);
      for (const row of await run(databaseUrl, seconds)) {
        rows.push(row);
        progress(`  ${row.name}: ${row.figure.toFixed(2)} (${row.detail})`);
      }
    }
    return rows;
  },
};
