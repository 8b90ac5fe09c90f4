import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type postgres from 'postgres';
import { migrateDatabase } from '../../src/adapters/postgres/migrate.ts';
import { sleep } from '../../src/kernel/async.ts';
import { fillWork } from './hard-work.ts';

export type SpreadOptions = {
  readonly sql: postgres.Sql;
  readonly url: string;
  /** A Postgres schema that is not there yet: a log of its own. */
  readonly schema: string;
  readonly events: number;
  readonly processes: number;
};

/** The rate, in events a second, at which so many processes work through a log together, once all of them are ready. */
export async function rateOfProcesses({
  sql,
  url,
  schema,
  events,
  processes,
}: SpreadOptions): Promise<number> {
  await migrateDatabase({ url, schema });
  await sql`truncate consume_work`;
  const children = Array.from({ length: processes }, () => startProcess(url, schema));
  const units = async (): Promise<readonly { readonly owner: string | null; readonly position: number }[]> =>
    sql`select owner, position::int from ${sql(`${schema}.tracking`)} where shards = 1`;
  await until(async () => {
    const owners = Map.groupBy(await units(), ({ owner }) => owner);
    return (
      !owners.has(null) &&
      owners.size === processes &&
      new Set([...owners.values()].map((own) => own.length)).size === 1
    );
  });
  await fillWork(sql, schema, events);
  const start = performance.now();
  await until(async () => (await units()).every(({ position }) => position === events));
  const rate = (events / (performance.now() - start)) * 1_000;
  await Promise.all(children.map(endProcess));
  return rate;
}

function startProcess(url: string, schema: string): ChildProcess {
  const program = join(import.meta.dirname, 'work-process.ts');
  return spawn(process.execPath, [program, url, schema], { stdio: ['pipe', 'inherit', 'inherit'] });
}

async function endProcess(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.stdin?.end();
  await exit;
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await sleep(20);
}
