import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { counted } from '../consumption/counters.ts';
import { type OpenCounters, openCounters } from '../consumption/open-counters.ts';
import { allTheTime } from '../consumption/rebuild/rebuild-counters.ts';
import { eventually } from '../consumption/spread.ts';
import { backend } from './counters-of-today.ts';
import { runLivefold, startLivefold } from './run-livefold.ts';

const today = join(import.meta.dirname, 'counters-of-today.ts');
const args = (...rest: readonly string[]) => ['--backend', today, 'projections', ...rest];

/** Keys a row each, and more events than fit into one page of the log; all of it folded by yesterday's counters. */
async function openLong(): Promise<OpenCounters> {
  const opened = await openCounters();
  for (let part = 0; part < 10; part += 1)
    await opened.append(...Array.from({ length: 1_000 }, (_, index) => counted(`c${part}-${index % 50}`)));
  await opened.settle();
  return opened;
}

/** What rows of yesterday or today look like, all of them: 500 keys that went up twenty times. */
async function sumOf({ session }: OpenCounters): Promise<string> {
  const [row] = await session.execute<{ keys: number; least: number; most: number }>(
    sql`select count(*)::int as keys, min(total) as least, max(total) as most from counters`,
  );
  return `${row?.keys} keys from ${row?.least} to ${row?.most}`;
}

const yesterday = '500 keys from 20 to 20';
const afterwards = '500 keys from 40 to 40';

async function shadowPosition({ session }: OpenCounters): Promise<number> {
  const [row] = await session.execute<{ position: number }>(
    sql`select position::int from livefold.tracking where consumer = 'counters@next'`,
  );
  return row?.position ?? -1;
}

test('a rebuild that is killed goes on where it was; queries see the old table, then the new one, and nothing else', async () => {
  await using opened = await openLong();
  const { session } = opened;
  const seen = new Set<string>();
  await using _polling = allTheTime(async () => void seen.add(await sumOf(opened)));
  // Rows behind the first page wait in the new table, which gets this check with the columns.
  await session.execute(
    sql.raw(`create function gate(bigint) returns boolean language sql as
      $$ select case when $1 > 8000 then pg_advisory_xact_lock_shared(77) is not null else true end $$`),
  );
  await session.execute(sql`alter table counters add constraint gate check (gate(position)) not valid`);
  await session.transaction(async (transaction) => {
    await transaction.execute(sql`select pg_advisory_xact_lock(77)`);
    await using killed = startLivefold(args('rebuild', 'counters'), { databaseUrl: opened.url });
    await eventually(async () => {
      expect(await shadowPosition(opened)).toBe(8_000);
      const [waiting] = await session.execute(
        sql`select from pg_locks where locktype = 'advisory' and not granted`,
      );
      expect(waiting).toBeDefined();
    });
    await killed.end('SIGKILL');
    // Its server process would wait for the lock, and then for somebody to answer to.
    await session.execute(
      sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted`,
    );
  });
  expect(await shadowPosition(opened)).toBe(8_000);

  // Killed while it waits for a reader to let go of the table.
  await session.transaction(async (transaction) => {
    await transaction.execute(sql`select count(*) from counters`);
    await using killed = startLivefold(args('rebuild', 'counters'), { databaseUrl: opened.url });
    await killed.line(/Going on at position 8,000/);
    await eventually(async () => {
      const [waiting] = await transaction.execute(
        sql`select from pg_locks where not granted and mode = 'AccessExclusiveLock'`,
      );
      expect(waiting).toBeDefined();
    });
    await killed.end('SIGKILL');
  });
  expect(await shadowPosition(opened)).toBe(10_000);
  expect([...seen]).toEqual([yesterday]);

  const { code, output } = await runLivefold(args('rebuild', 'counters'), { databaseUrl: opened.url });
  expect(output).toMatch(/Going on at position 10,000, where the last rebuild was stopped/);
  expect(output).toMatch(/0 rows are equal, 500 different, 0 only in the old table, 0 only in the new one/);
  expect(output).toMatch(/The new table of "counters" serves since position 10,000/);
  expect(code).toBe(0);
  await eventually(async () => expect([...seen]).toEqual([yesterday, afterwards]));

  const again = await runLivefold(args('rebuild', 'counters'), { databaseUrl: opened.url });
  expect(again.output).toMatch(/500 rows are equal, 0 different/);
  expect(again.output).toMatch(/The tables are identical at position 10,000/);
  const back = await runLivefold(args('rollback', 'counters'), { databaseUrl: opened.url });
  expect(back.output).toMatch(/from before the rebuild serves again, from position 10,000/);
  await eventually(async () => expect(await sumOf(opened)).toBe(yesterday));
  const dropped = await runLivefold(args('discard', 'counters'), { databaseUrl: opened.url });
  expect(dropped.output).toBe('Dropped: the old table.\n');
  expect([...seen]).toEqual([yesterday, afterwards]);
  // Six commands start in it, each a program of its own.
}, 180_000);

test('the list tells of every projection and of what rebuilds have left, with and without a server', async () => {
  await using opened = await openCounters();
  const list = async () =>
    JSON.parse((await runLivefold(args('--json'), { databaseUrl: opened.url })).stdout);
  await opened.append(counted('a'));
  await opened.settle();
  const known = { name: 'counters', position: 1, lag: 0, rate: 0, shards: 1, parked: 0, lastError: null };
  const owner = expect.stringMatching(/:\d+$/);
  await eventually(async () =>
    expect(await list()).toEqual([{ ...known, status: 'LIVE', owners: [owner], isOutdated: true }]),
  );
  await opened.backend.stop();
  expect(await list()).toEqual([{ ...known, status: 'STOPPED', owners: [], isOutdated: true }]);

  expect((await runLivefold(args('rebuild', 'counters'), { databaseUrl: opened.url })).code).toBe(0);
  const { output } = await runLivefold(args(), { databaseUrl: opened.url });
  expect(output.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['NAME', 'STATUS', 'POSITION', 'LAG', 'RATE', 'SHARDS', 'PARKED', 'OUTDATED', 'OWNER'],
    ['counters', 'STOPPED', '1', '0', '0/s', '1', '0', 'no', '–'],
    ['counters@old', 'KEPT', '1', '0', '0/s', '1', '0', 'no', '–'],
    [''],
  ]);
});

test('a name that the backend does not have is told with those that it has', async () => {
  await using opened = await openCounters();
  const { code, output } = await runLivefold(args('rebuild', 'orders'), { databaseUrl: opened.url });
  expect([code, output]).toEqual([
    1,
    `UNKNOWN_PROJECTION: The backend "counters" has no projection "orders": it has ${backend.projections.map(({ name }) => name).join(', ')}.\n`,
  ]);
});
