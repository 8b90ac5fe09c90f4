import postgres from 'postgres';
import type { Row } from '../benchmark.ts';
import { startChild } from './child.ts';

type Idle = { readonly memory: number; readonly before: number; readonly during: number };

/** What live fields cost that have nothing to tell. */
export async function idleRows(databaseUrl: string, subscribers: number, seconds: number): Promise<Row[]> {
  const livefold = await idle('livefold-server.ts', databaseUrl, subscribers, seconds);
  const bare = await idle('bare-server.ts', databaseUrl, subscribers, 0);
  const kilobytes = (bytes: number): string => `${(bytes / 1_024).toFixed(1)} kB`;
  return [
    {
      name: `SQL a second for ${subscribers.toLocaleString('en')} idle live fields, beyond the process's own`,
      // What a process does anyway comes and goes: a tenth of a statement is no difference.
      figure: Math.max(0, Math.round((livefold.during - livefold.before) * 10) / 10),
      target: 0,
      bound: 'most',
      detail: `${livefold.during.toFixed(1)}/s with them, ${livefold.before.toFixed(1)}/s without`,
    },
    {
      name: 'memory of a subscriber ÷ of a bare graphql-ws subscription',
      figure: livefold.memory / bare.memory,
      target: 1.5,
      bound: 'most',
      detail: `${kilobytes(livefold.memory)} to ${kilobytes(bare.memory)}, socket included`,
    },
  ];
}

async function idle(file: string, databaseUrl: string, count: number, seconds: number): Promise<Idle> {
  await using server = await startChild(file, { DATABASE_URL: databaseUrl });
  await using subscribers = await startChild('subscribers.ts');
  const url = await server.ask('url');
  // The first ones load code and fill caches.
  await subscribers.ask('open', { url, count: 100 });
  const before = await statementsPerSecond(databaseUrl, seconds);
  const start = await server.ask('memory');
  await subscribers.ask('open', { url, count });
  const during = await statementsPerSecond(databaseUrl, seconds);
  const end = await server.ask('memory');
  return { memory: (end - start) / count, before, during };
}

/** Transactions of a database, which for single statements are statements. */
async function statementsPerSecond(databaseUrl: string, seconds: number): Promise<number> {
  if (seconds === 0) return 0;
  const sql = postgres(databaseUrl, { max: 1 });
  try {
    const count = async (): Promise<number> => {
      // A server process reports what it did within a second of having done it.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const [row] = await sql<{ done: string }[]>`
        select xact_commit + xact_rollback as done from pg_stat_database where datname = current_database()`;
      return Number(row?.done);
    };
    const start = await count();
    const at = performance.now();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const end = await count();
    // Of the two looks only the first is among them.
    return ((end - start - 1) / (performance.now() - at)) * 1_000;
  } finally {
    await sql.end();
  }
}
