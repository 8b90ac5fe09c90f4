import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { startEmbeddedEngine } from '../../src/adapters/postgres/engine/embedded-engine.ts';
import { useGivenServer } from '../../src/adapters/postgres/engine/given-server.ts';
import { isAlive } from '../../src/adapters/postgres/engine/is-alive.ts';

export type TestServer = { readonly url: string; stop(): Promise<void> };

const PREFIX = 'livefold-test-server-';

/** The server of `TEST_DATABASE_URL`, where we may create databases, or an embedded one in a temporary folder. */
export async function startTestServer(): Promise<TestServer> {
  const given = process.env.TEST_DATABASE_URL;
  return given ? await useGivenServer(given) : await startTemporary();
}

async function startTemporary(): Promise<TestServer> {
  await removeAbandoned();
  const dataDirectory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const engine = await startEmbeddedEngine({ dataDirectory });
  await relaxDurability(engine.url);
  return {
    url: engine.url,
    async stop() {
      await engine.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** A killed run leaves its folder and its server behind; PostgreSQL shuts down by itself, within a minute, once the folder is gone. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX) || isAlive(Number.parseInt(name.slice(PREFIX.length), 10))) continue;
    // Another user's is not ours to remove.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

/** No test pulls the plug on this server: what the operating system has is safe enough. */
async function relaxDurability(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql`alter system set fsync = off`;
  await sql`alter system set full_page_writes = off`;
  await sql`select pg_reload_conf()`;
  await sql.end();
}
