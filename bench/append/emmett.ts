import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Side } from '../compare.ts';
import type { SampleItem } from './sample-items.ts';
import { writers } from './writers.ts';

// It has no licence, so it is no dependency: each run installs it into a folder that is removed again.
const packageName = '@event-driven-io/emmett-postgresql';
const version = '0.42.0';

/** What it is fastest with: a connection for each of 32 writers. 16 came to 0.93 of it, its default of 10 to 0.84, 6 to 0.61. */
const connections = 32;

type EmmettEvent = { readonly type: string; readonly data: unknown; readonly metadata: object };
type EmmettStore = {
  readonly schema: { migrate(): Promise<unknown> };
  appendToStream(stream: string, events: readonly EmmettEvent[], options: object): Promise<unknown>;
};
type Pool = { end(): Promise<void> };
type EmmettModule = { getPostgreSQLEventStore(url: string, options: object): EmmettStore };
type PgModule = { readonly Pool: new (options: object) => Pool };

/** Emmett's event store in the same database, with a pool of its own. Disposing closes and removes it. */
export type Emmett = AsyncDisposable & { side(writerCount: number): Side };

export async function installEmmett(databaseUrl: string): Promise<Emmett> {
  const folder = await mkdtemp(join(tmpdir(), 'livefold-bench-'));
  const { emmett, pg } = await install(folder);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  const store = emmett.getPostgreSQLEventStore(databaseUrl, { connectionOptions: { pool } });
  await store.schema.migrate();
  return {
    side: (writerCount) =>
      writers('emmett', writerCount, ({ events, command }) => append(store, events, command.id)),
    async [Symbol.asyncDispose]() {
      await pool.end();
      await rm(folder, { recursive: true });
    },
  };
}

/** It knows neither tags nor command ids: as metadata they are at least stored. */
function append(store: EmmettStore, events: SampleItem['events'], commandId: string): Promise<unknown> {
  const [first] = events;
  const written = events.map(({ type, data, tags, correlationId, causationId, actor }) => ({
    type,
    data,
    metadata: { tags, correlationId, causationId, actor, commandId },
  }));
  return store.appendToStream(first?.stream ?? '', written, {
    expectedStreamVersion: 'STREAM_DOES_NOT_EXIST',
  });
}

async function install(folder: string): Promise<{ readonly emmett: EmmettModule; readonly pg: PgModule }> {
  await promisify(execFile)('npm', [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    `${packageName}@${version}`,
  ]);
  const require = createRequire(join(folder, 'package.json'));
  const emmett: EmmettModule = await import(pathToFileURL(require.resolve(packageName)).href);
  const pg: PgModule = require('pg');
  return { emmett, pg };
}
