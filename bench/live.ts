import type { Benchmark } from './benchmark.ts';
import { broadcastRows, filterRow } from './live/broadcast.ts';
import { idleRows } from './live/idle.ts';
import { queryRows } from './live/queries.ts';
import { stoppedRows } from './live/stopped-client.ts';

/** Servers, subscribers and other clients are processes of their own. */
export const benchmark: Benchmark = {
  name: 'live',
  describe: 'live fields: thousands of subscribers, filters, idle ones, one that stops; queries over HTTP',

  async run({ databaseUrl, progress, seconds = 10 }) {
    const rows = [];
    for (const count of [1_000, 5_000]) {
      progress(`${count} subscribers of one document …`);
      rows.push(...(await broadcastRows(databaseUrl, count, seconds)));
    }
    progress('5000 subscribers with 500 filters …');
    rows.push(await filterRow(databaseUrl, { count: 5_000, customers: 500, seconds }));
    progress('10000 idle subscribers …');
    rows.push(...(await idleRows(databaseUrl, 10_000, seconds)));
    progress('a client that stops …');
    rows.push(...(await stoppedRows(databaseUrl, seconds * 6)));
    progress('queries …');
    rows.push(...(await queryRows(databaseUrl, seconds / 2)));
    return rows;
  },
};
