import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DailySales } from '../../src/app/analytics/sales-projections.ts';
import { shop } from '../../src/app/shop.ts';
import { runningProjection } from '../../src/graphql/at-least.ts';
import { addDecimals } from '../../src/kernel/decimal.ts';
import { type RunningBackend, startBackend } from '../../src/main/start-backend.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { HeldRows, LiveClient } from '../graphql/live-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Program } from '../support/program.ts';
import {
  type Day,
  daysByHand,
  december,
  hundredths,
  isHere,
  sorted,
  title,
} from './retail/december-by-hand.ts';

const cli = join(import.meta.dirname, '../../src/cli/livefold.ts');

/** What the import has to say about the file, however it got there. */
const counted = { rows: 42_481, accepted: 42_411, rejected: 70, orders: 1_629, returns: 326 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livefold-import-'));
});
afterAll(() => rm(folder, { recursive: true }));

const rejects = (): string => join(folder, 'rejects.csv');

function startImport(databaseUrl: string): Program {
  const args = [cli, 'import', 'retail', december, '--json', '--rejects', rejects()];
  return new Program(args, { env: { DATABASE_URL: databaseUrl, LIVEFOLD_KEYS: masterKeys } });
}

/** The whole import as a user runs it; what it prints. */
async function runImport(databaseUrl: string): Promise<Record<string, number>> {
  await using program = startImport(databaseUrl);
  const { code } = await program.ended;
  if (code !== 0) throw new Error(program.output);
  return JSON.parse(program.output.split('\n').findLast((line) => line.startsWith('{')) ?? '');
}

type Tables = Readonly<Record<string, readonly object[]>>;

/** All rows of all read tables. */
async function readTables({ models, projections }: RunningBackend): Promise<Tables> {
  const read = [...projections.values()].map(async ({ projection }) => {
    const rows = await models.rows(projection, { limit: 1_000_000 });
    return [projection.name, rows] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** Without the rows' positions, which follow the order in which commands happened to come. */
function withoutPositions(tables: Tables): Tables {
  return Object.fromEntries(
    Object.entries(tables).map(([name, rows]) => [name, rows.map((row) => ({ ...row, position: 0 }))]),
  );
}

async function settle(backend: RunningBackend): Promise<void> {
  const head = await backend.log.head();
  for (const running of backend.projections.values()) await running.waitFor(head, { timeout: 60_000 });
}

describe.skipIf(!isHere)(`${title}, imported`, () => {
  let created: TestDatabase;
  let backend: RunningBackend;
  let client: LiveClient;
  let summary: Record<string, number>;
  let tables: Tables;
  beforeAll(async () => {
    created = await createTestDatabase(shop.migrations);
    // A backend in this process, beside the import's own, whose subscriber is there from the start.
    backend = await startBackend(shop, { databaseUrl: created.url, masterKeys });
    client = new LiveClient({ running: runningProjection(backend, DailySales.name), models: backend.models });
    summary = await runImport(created.url);
    await settle(backend);
    tables = await readTables(backend);
  });
  afterAll(async () => {
    await client.disconnect();
    await backend.stop();
    await created.drop();
  });

  test('accounts for every row', async () => {
    expect(summary).toMatchObject(counted);
    expect(summary.events).toBe(await backend.log.head());
    const { users = [], orders = [] } = tables;
    expect([users.length, orders.length]).toEqual([948, 1_629]);
  });

  test('names every rejected row with its reason', async () => {
    const [header, ...lines] = (await readFile(rejects(), 'utf8')).trimEnd().split('\n');
    expect(header).toContain('reason');
    expect(lines).toHaveLength(70);
    for (const line of lines) expect(line).toContain('SALE_QUANTITY_NOT_POSITIVE');
  });

  test('sold and took back, day by day, what a computation straight from the file gives', async () => {
    const rows = await backend.models.rows(DailySales, { limit: 100 });
    const days = new Map<string, Day>(
      rows.map(({ day, revenue, returns }) => [
        day,
        { revenue: hundredths(revenue), returns: hundredths(returns) },
      ]),
    );
    expect(sorted(days)).toEqual(sorted(daysByHand()));
    expect(days.size).toBe(20);
    expect(rows.map(({ revenue }) => revenue).reduce(addDecimals)).toBe('823746.14');
    expect(rows.map(({ returns }) => returns).reduce(addDecimals)).toBe('74789.12');
  });

  test('leaves who watched the daily sales in another process with what the query gives', async () => {
    const rows = await backend.models.rows(DailySales, { limit: 100 });
    const expected = rows.map(({ position: _, ...row }) => row);
    await vi.waitFor(() => expect(client.held.list()).toEqual(expected), 10_000);
    // Without a second snapshot: the deltas alone brought it there. How many depends on how many commits came while one was being told.
    expect(client.frames.filter(({ kind }) => kind === 'SNAPSHOT')).toHaveLength(1);
    expect(client.frames.filter(({ kind }) => kind === 'DELTA').length).toBeGreaterThan(1);
    const replayed = new HeldRows(DailySales.keyField);
    for (const frame of client.frames) replayed.apply(frame);
    expect(replayed.list()).toEqual(expected);
  });

  test('a second time adds nothing', async () => {
    expect(await runImport(created.url)).toMatchObject({ ...counted, events: 0 });
    await settle(backend);
    expect(await readTables(backend)).toEqual(tables);
  });

  test('killed on the way and run again ends the same', async () => {
    await using other = await createTestDatabase(shop.migrations);
    await using watching = await startBackend(shop, { databaseUrl: other.url, masterKeys });
    const whole = summary.events ?? 0;
    for (const share of [0.1 + Math.random() * 0.3, 0.5 + Math.random() * 0.4]) {
      await using program = startImport(other.url);
      while ((await watching.log.head()) < share * whole) await delay(2);
      expect(await program.end('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    }
    const stored = await watching.log.head();
    expect(await runImport(other.url)).toMatchObject({ ...counted, events: whole - stored });
    await settle(watching);
    expect(withoutPositions(await readTables(watching))).toEqual(withoutPositions(tables));
  });
});
