import postgres from 'postgres';
import { resolveDatabase } from '../src/adapters/postgres/engine/resolve-database.ts';

/** A fresh database on the server of the benchmark. Disposing drops it and leaves the server. */
export type BenchServer = AsyncDisposable & { readonly databaseUrl: string };

/** Uses the server of DATABASE_URL, or one of our own whose files stay in `.livefold/bench` for the next run. */
export async function useServer(progress: (line: string) => void): Promise<BenchServer> {
  const engine = await resolveDatabase({
    databaseUrl: process.env.DATABASE_URL,
    dataDirectory: '.livefold/bench',
    log: progress,
  });
  const name = `livefold_bench_${process.pid}`;
  try {
    await onServer(engine.url, (sql) => sql`create database ${sql(name)}`);
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return {
    databaseUrl: Object.assign(new URL(engine.url), { pathname: `/${name}` }).href,
    async [Symbol.asyncDispose]() {
      try {
        await onServer(engine.url, (sql) => sql`drop database ${sql(name)} with (force)`);
      } finally {
        await engine.stop();
      }
    },
  };
}

async function onServer(url: string, run: (sql: postgres.Sql) => PromiseLike<unknown>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await run(sql);
  } finally {
    await sql.end();
  }
}
