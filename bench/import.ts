import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openClient, openDatabase } from '../src/adapters/postgres/database.ts';
import { migrateDatabase } from '../src/adapters/postgres/migrate.ts';
import { createPostgresEventStore } from '../src/adapters/postgres/postgres-event-store.ts';
import { importRetail } from '../src/app/retail/import-retail.ts';
import { RejectsFile } from '../src/app/retail/rejects-file.ts';
import { shop } from '../src/app/shop.ts';
import type { StoredEvent } from '../src/domain/event.ts';
import { everything } from '../src/domain/query.ts';
import { startBackend } from '../src/main/start-backend.ts';
import type { Benchmark } from './benchmark.ts';
import { median, ratio } from './compare.ts';

const file = fileURLToPath(new URL('../../shared/data/online-retail-2010-12.csv.gz', import.meta.url));
const rounds = 5;
const itemsAtOnce = 64;

export const benchmark: Benchmark = {
  name: 'import',
  describe: 'the December 2010 file end to end, against the same events appended alone',
  async run({ databaseUrl, progress }) {
    if (!existsSync(file))
      throw new Error(
        'This benchmark reads online-retail-2010-12.csv.gz from ../shared/data, which is not there.',
      );
    const folder = await mkdtemp(join(tmpdir(), 'livefold-bench-'));
    const imported = { name: 'import', rates: [] as number[] };
    const appended = { name: 'append', rates: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      const events = await inFreshDatabase(databaseUrl, async (url) => {
        await using backend = await startBackend(shop, { databaseUrl: url });
        await using rejects = await RejectsFile.create(join(folder, 'rejects.csv'));
        const start = performance.now();
        await importRetail([file], { execute: backend.execute, rejects });
        const head = await backend.log.head();
        await Promise.all(
          [...backend.projections.values()].map((running) => running.waitFor(head, { timeout: 600_000 })),
        );
        imported.rates.push((head / (performance.now() - start)) * 1_000);
        // As they are stored: the other side writes the same bytes, personal fields sealed.
        const stored = createPostgresEventStore({ database: backend.database });
        return await Array.fromAsync(stored.read(everything));
      });
      appended.rates.push(await inFreshDatabase(databaseUrl, (url) => appendAlone(url, events)));
      progress(
        `  round ${round} of ${rounds}: import ${Math.round(imported.rates.at(-1) ?? 0)} events/s, append ${Math.round(appended.rates.at(-1) ?? 0)} events/s`,
      );
      // The first round warms up.
      if (round === 0) for (const side of [imported, appended]) side.rates.pop();
    }
    await rm(folder, { recursive: true });
    const detail = [imported, appended]
      .map(({ name, rates }) => `${name} ${Math.round(median(rates)).toLocaleString('en')} events/s`)
      .join(', ');
    return [
      {
        name: 'December 2010 with its read tables, against the same events appended alone',
        figure: ratio(imported, appended),
        target: 0.5,
        bound: 'least',
        detail,
      },
    ];
  },
};

/** Appends events as the import did: those of one command together, so many commands at once. */
async function appendAlone(url: string, events: readonly StoredEvent[]): Promise<number> {
  await migrateDatabase({ url });
  const database = openDatabase(url);
  const store = createPostgresEventStore({ database });
  const commands = [...Map.groupBy(events, ({ causationId, id }) => causationId ?? id)];
  const start = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let entry = commands[next]; entry !== undefined; entry = commands[next]) {
      next += 1;
      const [id, items] = entry;
      const stream = items[0]?.stream ?? '';
      await store.append({
        events: items,
        expected: [{ stream, version: 0 }],
        command: { id, fingerprint: '' },
      });
    }
  };
  await Promise.all(Array.from({ length: itemsAtOnce }, work));
  const rate = (events.length / (performance.now() - start)) * 1_000;
  await database.close();
  return rate;
}

async function inFreshDatabase<Result>(
  serverUrl: string,
  work: (url: string) => Promise<Result>,
): Promise<Result> {
  const name = `${new URL(serverUrl).pathname.slice(1)}_import`;
  const sql = openClient(serverUrl, { max: 1 });
  try {
    await sql`create database ${sql(name)}`;
    return await work(Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href);
  } finally {
    await sql`drop database if exists ${sql(name)} with (force)`;
    await sql.end();
  }
}
