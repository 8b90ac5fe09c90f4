import postgres from 'postgres';
import type { Row } from '../benchmark.ts';
import { type Child, startChild } from './child.ts';

const few = 10_000;
const many = 1_000_000;
const connections = 16;
const rounds = 3;

const page =
  '{ orders(first: 50) { nodes { id status total placedAt lines { sku quantity } } pageInfo { hasNextPage } } }';
const one = 'query ($id: ID!) { order(id: $id) { id status total placedAt lines { sku quantity } } }';

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
  const rows: Row[] = [];
  const p95 = new Map<string, number>();
  for (const size of [few, many]) {
    await fill(sql, size);
    for (const [name, query] of [
      ['orders(first: 50)', page],
      ['order(id)', one],
    ] as const) {
      const asked = { query, ids: query === one ? ids : undefined, connections, seconds };
      const ask = async (server: Child): Promise<Loaded> => {
        const url = (await server.ask('url')).replace('ws:', 'http:');
        return clients.ask('load', { ...asked, url });
      };
      const before = await countWork(sql);
      let answered = 0;
      const ours: Loaded[] = [];
      for (let round = 0; round < rounds; round += 1) {
        ours.push(await ask(livefold));
        answered += ours.at(-1)?.count ?? 0;
      }
      const after = await countWork(sql);
      const best = ours.toSorted((a, b) => a.p95 - b.p95)[1] ?? { rate: Number.NaN, p95: Number.NaN };
      p95.set(`${name} ${size}`, best.p95);
      if (size === few) {
        const theirs: Loaded[] = [];
        for (let round = 0; round < rounds; round += 1) theirs.push(await ask(bare));
        const middle = theirs.toSorted((a, b) => a.rate - b.rate)[1]?.rate ?? Number.NaN;
        rows.push({
          name: `${name} over HTTP ÷ the same SQL behind node:http`,
          figure: best.rate / middle,
          target: 0.5,
          bound: 'least',
          detail: `${Math.round(best.rate).toLocaleString('en')}/s to ${Math.round(middle).toLocaleString('en')}/s`,
        });
        rows.push({
          name: `statements for one ${name}`,
          figure: (after.statements - before.statements) / answered,
          target: 1.1,
          bound: 'most',
          detail: `${after.statements - before.statements} for ${answered} answers, the process's own included`,
        });
      } else {
        rows.push({
          name: `p95 of ${name}: ${many.toLocaleString('en')} rows ÷ ${few.toLocaleString('en')}`,
          figure: best.p95 / (p95.get(`${name} ${few}`) ?? Number.NaN),
          target: 1.5,
          bound: 'most',
          detail: `${best.p95.toFixed(1)} ms to ${p95.get(`${name} ${few}`)?.toFixed(1)} ms`,
        });
        rows.push({
          name: `sequential scans for ${name} of ${many.toLocaleString('en')} rows`,
          figure: after.scans - before.scans,
          target: 0,
          bound: 'most',
          detail: `${answered} answers`,
        });
      }
    }
  }
  return rows;
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
  // A server process reports what it did within a second of having done it.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const [row] = await sql<{ statements: string; scans: string }[]>`
    select (select xact_commit + xact_rollback from pg_stat_database where datname = current_database()) as statements,
      (select seq_scan from pg_stat_user_tables where relname = 'orders') as scans`;
  return { statements: Number(row?.statements), scans: Number(row?.scans) };
}
