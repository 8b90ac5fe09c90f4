import postgres from 'postgres';
import { openDatabase } from '../src/adapters/postgres/database.ts';
import { migrateDatabase } from '../src/adapters/postgres/migrate.ts';
import { createPostgresEventStore } from '../src/adapters/postgres/postgres-event-store.ts';
import { installEmmett } from './append/emmett.ts';
import { livefold } from './append/livefold.ts';
import { lockTable } from './append/lock-table.ts';
import { rawBatches, rawInsert } from './append/raw-insert.ts';
import type { BenchContext, Benchmark, Row } from './benchmark.ts';
import { type Measured, measure, median, perSecond, ratio, type Side } from './compare.ts';

/** Each side writes tables of its own, made by the same migrations, so that all grow at their own side's pace. */
const schemas = { livefold: 'livefold', raw: 'raw', batches: 'raw_batches', locked: 'locked' } as const;

export const benchmark: Benchmark = {
  name: 'append',
  describe:
    'one event with two tags and a command id: 1, 32 and 256 writers beside raw inserts, a table lock and Emmett',

  async run({ databaseUrl, progress }) {
    for (const schema of Object.values(schemas)) await migrateDatabase({ url: databaseUrl, schema });
    progress('installing Emmett into a temporary folder …');
    await using emmett = await installEmmett(databaseUrl);
    await using raw = openRaw(databaseUrl);
    await using database = openOurs(databaseUrl);
    const store = createPostgresEventStore({ database, schema: schemas.livefold });

    const one = await compare('1 writer', [livefold(store, 1), rawInsert(raw.sql, schemas.raw)], progress);
    const many = await compare(
      '32 writers',
      [livefold(store, 32), emmett.side(32), lockTable(raw.sql, schemas.locked, 32)],
      progress,
    );
    const most = await compare(
      '256 writers',
      [livefold(store, 256), rawBatches(raw.sql, schemas.batches, 256)],
      progress,
    );
    return [
      ...rowsOf('1 writer', one, { 'raw insert': 0.7 }),
      ...rowsOf('32 writers', many, { emmett: 4, 'lock table, then insert': 5 }),
      ...rowsOf('256 writers', most, { 'raw insert of 256': 0.7 }),
    ];
  },
};

async function compare(
  title: string,
  sides: readonly Side[],
  progress: BenchContext['progress'],
): Promise<readonly Measured[]> {
  progress(`${title}:`);
  return measure(sides, { rounds: 7, seconds: 1.5, progress });
}

function rowsOf(
  title: string,
  [ours, ...others]: readonly Measured[],
  targets: Readonly<Record<string, number>>,
): readonly Row[] {
  if (ours === undefined) return [];
  return others.map((other) => ({
    name: `${title} ÷ ${other.name}`,
    figure: ratio(ours, other),
    target: targets[other.name] ?? Number.NaN,
    bound: 'least',
    detail: `${perSecond(median(ours.rates))} to ${perSecond(median(other.rates))}`,
  }));
}

function openRaw(url: string): AsyncDisposable & { readonly sql: postgres.Sql } {
  const sql = postgres(url, { max: 8, onnotice: () => {} });
  return { sql, [Symbol.asyncDispose]: () => sql.end() };
}

function openOurs(url: string) {
  const database = openDatabase(url);
  return { ...database, [Symbol.asyncDispose]: () => database.close() };
}
