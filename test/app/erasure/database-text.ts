import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import postgres from 'postgres';

const run = promisify(execFile);

/** All rows of every table of every schema as text, by the table's name. */
export async function readTables(databaseUrl: string): Promise<ReadonlyMap<string, Buffer>> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const tables = await sql<{ name: string }[]>`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`;
    const texts = new Map<string, Buffer>();
    for (const { name } of tables) {
      const rows = await sql.unsafe(`copy (select t::text from ${name} t) to stdout`).readable();
      texts.set(name, await buffer(rows));
    }
    return texts;
  } finally {
    await sql.end();
  }
}

/** What `pg_dump` writes; undefined where none is found that is as new as the server. */
export async function dumpDatabase(databaseUrl: string): Promise<Buffer | undefined> {
  const wanted = await majorOfServer(databaseUrl);
  for (const program of await findPrograms()) {
    if ((await majorOf(program)) < wanted) continue;
    const { stdout } = await run(program, ['--dbname', databaseUrl], {
      encoding: 'buffer',
      maxBuffer: 256 * 1024 * 1024,
    });
    return stdout;
  }
  return undefined;
}

async function majorOfServer(databaseUrl: string): Promise<number> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  const [row] = await sql<
    { major: number }[]
  >`select current_setting('server_version_num')::int / 10000 as major`;
  await sql.end();
  return row?.major ?? 0;
}

/** In the path, and where Debian keeps those of all versions. */
async function findPrograms(): Promise<readonly string[]> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.map((version) => join(root, version, 'bin')),
  ];
  return folders.map((folder) => join(folder, 'pg_dump'));
}

/** 0 for a program that is not there. */
async function majorOf(program: string): Promise<number> {
  const { stdout } = await run(program, ['--version']).catch(() => ({ stdout: '' }));
  return Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1] ?? 0);
}
