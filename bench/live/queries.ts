import postgres from 'postgres';
import type { Row } from '../benchmark.ts';
import { median } from '../compare.ts';
import { type Child, startChild } from './child.ts';

const few = 10_000;
const many = 1_000_000;
const connections = 16;
const rounds = 5;

const page =
  '{ orders(first: 50) { nodes { id status total placedAt lines { sku quantity } } pageInfo { hasNextPage } } }';
const one = 'query ($id: ID!) { order(id: $id) { id status total placedAt lines { sku quantity } } }';

type Asked = { readonly name: string; readonly query: string };
const questions: readonly Asked[] = [
  { name: 'orders(first: 50)', query: page },
  { name: 'order(id)', query: one },
];

type Loaded = { readonly count: number; readonly rate: number; readonly p95: number };
type Counted = { readonly statements: number; readonly scans: number };

/** Two queries over HTTP: against the same SQL behind a bare handler, and over tables of two sizes. */
export async function queryRows(databaseUrl: string, seconds: number): Promise<Row[]> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => sql.end());
  const livefold = stack.use(await startChild('livefold-server.ts', { DATABASE_URL: databaseUrl }));
  const bare = stack.use(await startChild('bare-http.ts', { DATABASE_URL: databaseUrl }));
  const clients = stack.use(await startChild('http-load.ts'));
  const ids = Array.from({ length: 1_000 }, (_, n) => idOf(n * 10 + 1));
  const load = async (server: Child, { query }: Asked): Promise<Loaded> => {
    const url = (await server.ask('url')).replace('ws:', 'http:');
    return clients.ask('load', { query, ids: query === one ? ids : undefined, connections, seconds, url });
  };
  const rows: Row[] = [];
  const small = new Map<Asked, number>();
  await fill(sql, few);
  for (const asked of questions) {
    // What is compiled only while it is in use is not what is measured.
    for (const server of [livefold, bare]) await load(server, asked);
    const { ours, theirs } = await byTurns(
      () => load(livefold, asked),
      () => load(bare, asked),
    );
    small.set(asked, median(ours.map(({ p95 }) => p95)));
    const rate = (side: readonly Loaded[]): string =>
      `${Math.round(median(side.map((round) => round.rate))).toLocaleString('en')}/s`;
    rows.push({
      name: `${asked.name} over HTTP ÷ the same SQL behind node:http`,
      figure: median(ours.map((round, index) => round.rate / (theirs[index]?.rate ?? Number.NaN))),
      target: 0.5,
      bound: 'least',
      detail: `${rate(ours)} to ${rate(theirs)}`,
    });
  }
  await fill(sql, many);
  for (const asked of questions) {
    const before = await countWork(sql);
    const ours: Loaded[] = [];
    for (let round = 0; round < rounds; round += 1) ours.push(await load(livefold, asked));
    const after = await countWork(sql);
    const answered = ours.reduce((sum, { count }) => sum + count, 0);
    const statements = after.statements - before.statements;
    const [large, less] = [median(ours.map(({ p95 }) => p95)), small.get(asked) ?? Number.NaN];
    rows.push(
      {
        name: `p95 of ${asked.name}: ${many.toLocaleString('en')} rows ÷ ${few.toLocaleString('en')}`,
        figure: large / less,
        target: 1.5,
        bound: 'most',
        detail: `${large.toFixed(1)} ms to ${less.toFixed(1)} ms`,
      },
      {
        name: `statements for one ${asked.name}`,
        figure: statements / answered,
        target: 1.1,
        bound: 'most',
        detail: `${statements} for ${answered} answers, the process's own included`,
      },
      {
        name: `sequential scans for ${asked.name} of ${many.toLocaleString('en')} rows`,
        figure: after.scans - before.scans,
        target: 0,
        bound: 'most',
        detail: `${answered} answers`,
      },
    );
  }
  return rows;
}

/** One side and the other by turns: a machine that is slower for a while is so for both. */
async function byTurns(
  one: () => Promise<Loaded>,
  other: () => Promise<Loaded>,
): Promise<{ readonly ours: readonly Loaded[]; readonly theirs: readonly Loaded[] }> {
  const ours: Loaded[] = [];
  const theirs: Loaded[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await one());
    theirs.push(await other());
  }
  return { ours, theirs };
}

const idOf = (n: number): string => `order-${String(n).padStart(8, '0')}`;

/** Rows alone, without events: what is measured reads nothing else. */
async function fill(sql: postgres.Sql, size: number): Promise<void> {
  await sql`
    insert into orders (id, customer_id, status, placed_at, total, lines, position)
    select 'order-' || lpad(n::text, 8, '0'), 'c' || n % 100, 'PLACED', now(), 9.9,
      '[{"sku":"TEA","name":"Earl Grey","quantity":2,"unitPrice":"4.95","amount":"9.90"}]', 0
    from generate_series(1, ${size}) as n on conflict do nothing`;
  await sql`vacuum analyze orders`;
}

async function countWork(sql: postgres.Sql): Promise<Counted> {
  // A server process that has nothing more to do reports what it did after ten seconds.
  await new Promise((resolve) => setTimeout(resolve, 11_000));
  const [row] = await sql<{ statements: string; scans: string }[]>`
    select (select xact_commit + xact_rollback from pg_stat_database where datname = current_database()) as statements,
      (select seq_scan from pg_stat_user_tables where relname = 'orders') as scans`;
  return { statements: Number(row?.statements), scans: Number(row?.scans) };
}
