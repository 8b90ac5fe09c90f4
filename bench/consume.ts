import { join } from 'node:path';
import { openClient } from '../src/adapters/postgres/database.ts';
import { migrateDatabase } from '../src/adapters/postgres/migrate.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { median, perSecond, ratio } from './compare.ts';
import { createWorkTable } from './consume/hard-work.ts';
import { createOrdersTable, fillOrders, forgetOrders } from './consume/orders.ts';
import { memoryBetween, rateBetween, rateToEnd, type Sample, samplesOf } from './consume/samples.ts';
import { rateOfProcesses } from './consume/spread.ts';

const rounds = 3;
/** Of so many events a share is worked through by hard folds, which take 0.2 ms each. */
const hardShare = 1 / 40;

export const benchmark: Benchmark = {
  name: 'consume',
  describe:
    'catch-up of 1,000,000 events (--events N): flat to the end, against a loop by hand and a rebuild; two processes against one',

  async run({ databaseUrl, progress, events = 1_000_000 }) {
    await migrateDatabase({ url: databaseUrl });
    const sql = openClient(databaseUrl, { max: 1 });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => sql.end());
    await createOrdersTable(sql);
    await createWorkTable(sql);
    progress(`filling a log of ${events.toLocaleString('en')} events …`);
    await fillOrders(sql, events);

    const none = (): (readonly Sample[])[] => [];
    const runs = { livefold: none(), rebuild: none(), 'by hand': none() };
    const programs = {
      livefold: 'catch-up-process.ts',
      rebuild: 'rebuild-process.ts',
      'by hand': 'by-hand-process.ts',
    };
    for (let round = 1; round <= rounds; round += 1)
      for (const side of ['livefold', 'rebuild', 'by hand'] as const) {
        // What the catch-up has filled is rebuilt beside itself.
        if (side === 'rebuild') await sql`checkpoint`;
        else await forgetOrders(sql);
        const program = join(import.meta.dirname, 'consume', programs[side]);
        const samples = await samplesOf(program, [databaseUrl, String(events)]);
        runs[side].push(samples);
        progress(
          `  round ${round} of ${rounds}: ${side} ${perSecond(rateBetween(samples, 0, 1))}, first tenth ${perSecond(rateBetween(samples, 0, 0.1))}, last ${perSecond(rateBetween(samples, 0.9, 1))}`,
        );
      }

    const hard = Math.ceil(events * hardShare);
    progress(`working through ${hard.toLocaleString('en')} events that take the processor's time:`);
    const spread = { one: [] as number[], two: [] as number[] };
    for (let round = 1; round <= rounds; round += 1) {
      for (const [side, processes] of [
        ['one', 1],
        ['two', 2],
      ] as const)
        spread[side].push(
          await rateOfProcesses({
            sql,
            url: databaseUrl,
            schema: `${side}_${round}`,
            events: hard,
            processes,
          }),
        );
      progress(
        `  round ${round} of ${rounds}: one process ${perSecond(spread.one.at(-1) ?? 0)}, two ${perSecond(spread.two.at(-1) ?? 0)}`,
      );
    }
    return [
      ...catchUpRows(runs.livefold, runs['by hand']),
      rebuildRow(runs.rebuild, runs.livefold),
      spreadRow(spread),
    ];
  },
};

function catchUpRows(
  ours: readonly (readonly Sample[])[],
  byHand: readonly (readonly Sample[])[],
): readonly Row[] {
  const rates = (runs: readonly (readonly Sample[])[], from: number, to: number) => ({
    name: '',
    rates: runs.map((samples) => rateBetween(samples, from, to)),
  });
  const [whole, hand] = [rates(ours, 0, 1), rates(byHand, 0, 1)];
  const [first, last] = [rates(ours, 0, 0.1), rates(ours, 0.9, 1)];
  const memory = (from: number, to: number) =>
    median(ours.map((samples) => memoryBetween(samples, from, to)));
  return [
    {
      ...{ name: 'catch-up, last tenth ÷ first', figure: ratio(last, first), target: 0.9, bound: 'least' },
      detail: `${perSecond(median(last.rates))} to ${perSecond(median(first.rates))}`,
    },
    {
      ...{ name: 'memory of a catch-up, second half ÷ first', figure: memory(0.5, 1) / memory(0, 0.5) },
      ...{ target: 1.1, bound: 'most' },
      detail: `first tenth ${Math.round(memory(0, 0.1))} MB, last ${Math.round(memory(0.9, 1))} MB`,
    },
    {
      ...{ name: 'catch-up ÷ a loop by hand', figure: ratio(whole, hand), bound: 'least' },
      detail: `${perSecond(median(whole.rates))} to ${perSecond(median(hand.rates))}`,
    },
  ];
}

/** All that somebody waits for: folding, indexes, the comparison of all rows, the exchange. */
function rebuildRow(rebuilds: readonly (readonly Sample[])[], catchUps: readonly (readonly Sample[])[]): Row {
  const rates = (runs: readonly (readonly Sample[])[]) => ({ name: '', rates: runs.map(rateToEnd) });
  const [rebuild, catchUp] = [rates(rebuilds), rates(catchUps)];
  const folding = median(rebuilds.map((samples) => rateBetween(samples, 0, 1)));
  return {
    ...{ name: 'rebuild ÷ catch-up', figure: ratio(rebuild, catchUp), target: 0.8, bound: 'least' },
    detail: `${perSecond(median(rebuild.rates))} to ${perSecond(median(catchUp.rates))}; folding alone ${perSecond(folding)}`,
  };
}

function spreadRow({ one, two }: { readonly one: readonly number[]; readonly two: readonly number[] }): Row {
  return {
    ...{ name: 'two processes ÷ one, a fold that takes the processor 0.2 ms', target: 1.5, bound: 'least' },
    figure: ratio({ name: 'two', rates: two }, { name: 'one', rates: one }),
    detail: `${perSecond(median(two))} to ${perSecond(median(one))}`,
  };
}
