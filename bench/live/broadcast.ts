import type { Row } from '../benchmark.ts';
import { median } from '../compare.ts';
import { startChild } from './child.ts';

type Round = { readonly rate: number; readonly changes: number; readonly p50: number; readonly p99: number };

const rounds = 3;
/** Seconds until a side is in full swing. */
const warmUp = 2;

/** One document, many subscribers, a change each ten milliseconds: against one message made once for all sockets. */
export async function broadcastRows(databaseUrl: string, count: number, seconds: number): Promise<Row[]> {
  const [ours, theirs] = await runSides(['livefold-server.ts', 'broadcast-server.ts'], {
    databaseUrl,
    count,
    seconds,
    writing: { every: 10, customers: 1 },
  });
  const all = count.toLocaleString('en');
  const ratio = (of: (round: Round) => number): number =>
    median(ours.map((round, index) => of(round) / of(theirs[index] ?? round)));
  const rate = (list: readonly Round[], of: (round: Round) => number): string =>
    Math.round(median(list.map(of))).toLocaleString('en');
  const messages = `${rate(ours, (round) => round.rate)} to ${rate(theirs, (round) => round.rate)} messages/s`;
  return [
    {
      name: `messages to ${all} subscribers ÷ broadcast`,
      figure: ratio((round) => round.rate),
      target: 0.8,
      bound: 'least',
      detail: `${messages}; changes that come in one moment are one message`,
    },
    {
      name: `changes that reach ${all} subscribers ÷ broadcast`,
      figure: ratio(({ changes }) => changes),
      bound: 'least',
      detail: `${rate(ours, ({ changes }) => changes)}/s to ${rate(theirs, ({ changes }) => changes)}/s`,
    },
    {
      name: `p99 of a change's way to ${all} subscribers ÷ broadcast`,
      figure: ratio(({ p99 }) => p99),
      target: 2,
      bound: 'most',
      detail: `p99 ${rate(ours, ({ p99 }) => p99)} ms to ${rate(theirs, ({ p99 }) => p99)} ms, p50 ${rate(ours, ({ p50 }) => p50)} ms to ${rate(theirs, ({ p50 }) => p50)} ms`,
    },
  ];
}

/** As many filters as there are customers: against Yoga's own way, and against an execution for each that Livefold's index has found. */
export async function filterRows(
  databaseUrl: string,
  {
    count,
    customers,
    seconds,
  }: { readonly count: number; readonly customers: number; readonly seconds: number },
): Promise<Row[]> {
  const running = { databaseUrl, count, seconds, customers, writing: { customers } };
  const ours = await runSide('livefold-server.ts', running);
  const rate = (list: readonly Round[]): number => median(list.map((round) => round.rate));
  const name = `messages to ${count.toLocaleString('en')} subscribers with ${customers} filters`;
  const against = async (file: string, what: string): Promise<Row> => {
    const theirs = await runSide(file, running);
    return {
      name: `${name} ÷ ${what}`,
      figure: median(ours.map((round, index) => round.rate / (theirs[index]?.rate ?? Number.NaN))),
      bound: 'least',
      detail: `${Math.round(rate(ours)).toLocaleString('en')}/s to ${Math.round(rate(theirs)).toLocaleString('en')}/s, orders placed as fast as they can be`,
    };
  };
  return [
    { ...(await against('pubsub-server.ts', 'a filter and an execution for each')), target: 5 },
    await against('execution-server.ts', 'an execution for each that the index has found'),
  ];
}

type Running = {
  readonly databaseUrl: string;
  readonly count: number;
  readonly seconds: number;
  readonly customers?: number;
  readonly writing: object;
};

/** One side after the other: two servers of one database would fold each other's orders. */
async function runSides(
  [ours, theirs]: readonly [string, string],
  running: Running,
): Promise<readonly [readonly Round[], readonly Round[]]> {
  return [await runSide(ours, running), await runSide(theirs, running)];
}

async function runSide(file: string, running: Running): Promise<readonly Round[]> {
  const { databaseUrl, count, seconds, customers, writing } = running;
  await using server = await startChild(file, { DATABASE_URL: databaseUrl });
  await using subscribers = await startChild('subscribers.ts');
  await subscribers.ask('open', { url: await server.ask('url'), count, customers });
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const written = server.ask('write', { ...writing, seconds: seconds + warmUp });
    await new Promise((resolve) => setTimeout(resolve, warmUp * 1_000));
    measured.push(await subscribers.ask('measure', { seconds }));
    await written;
    // What is still under way belongs to no other round.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return measured;
}
