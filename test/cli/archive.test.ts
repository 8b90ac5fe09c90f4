import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Order } from '../../src/app/orders/order.ts';
import { shop } from '../../src/app/shop.ts';
import type { RunningBackend } from '../../src/main/start-backend.ts';
import { until } from '../adapters/postgres/until.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createFilledShop, placeMany, settle, startShop } from './filled-shop.ts';
import { cli, masterKeys, runLivefold, startLivefold } from './run-livefold.ts';

let folder: string;
let filled: TestDatabase;
let archive: string;
let text: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livefold-archive-'));
  filled = await createFilledShop();
  await using backend = await startShop(filled.url);
  await placeMany(backend, 'many', 4_000);
  await settle(backend);
  archive = await exported(filled.url, 'whole.ndjson');
  text = await readFile(archive, 'utf8');
});
afterAll(async () => {
  await filled.drop();
  await rm(folder, { recursive: true });
});

/** Exports a database, keys included, into a file of the folder. */
async function exported(databaseUrl: string, name: string): Promise<string> {
  const file = join(folder, name);
  const { code, output } = await runLivefold(['export', file, '--keys'], { databaseUrl });
  if (code !== 0) throw new Error(output);
  return file;
}

const imported = (databaseUrl: string, file: string) => runLivefold(['import', 'log', file], { databaseUrl });

const createEmpty = (): Promise<TestDatabase> => createTestDatabase(shop.migrations);

async function headOf(url: string): Promise<number> {
  const sql = postgres(url, { max: 1 });
  const [row] = await sql<
    { head: number }[]
  >`select coalesce(max(position), 0)::int as head from livefold.events`;
  await sql.end();
  return row?.head ?? 0;
}

/** How far the process manager is. */
async function fulfilmentPosition(url: string): Promise<number | undefined> {
  const sql = postgres(url, { max: 1 });
  const [row] = await sql<{ position: number }[]>`
    select min(position)::int as position from livefold.tracking where consumer like '%fulfilment%'`;
  await sql.end();
  return row?.position;
}

async function readTables({ models, projections }: RunningBackend): Promise<unknown> {
  const rows = [...projections.values()].map(({ projection }) => models.rows(projection, { limit: 100_000 }));
  return Promise.all(rows);
}

test('the same log gives the same bytes: again, packed, and on standard output', async () => {
  expect(await readFile(await exported(filled.url, 'again.ndjson'), 'utf8')).toBe(text);
  const packed = await readFile(await exported(filled.url, 'one.ndjson.gz'));
  expect(await readFile(await exported(filled.url, 'two.ndjson.gz'))).toEqual(packed);
  expect(gunzipSync(packed).toString()).toBe(text);
  const { code, stdout } = await runLivefold(['export', '-', '--keys'], { databaseUrl: filled.url });
  expect(stdout).toBe(text);
  expect(code).toBe(0);
});

test('without keys an export says that it lacks them', async () => {
  const file = join(folder, 'keyless.ndjson');
  const { output } = await runLivefold(['export', file], { databaseUrl: filled.url });
  expect(output).toContain('events written to');
  expect(output).toContain('can be read elsewhere only with `--keys`');
  expect(await readFile(file, 'utf8')).not.toContain('"wrapped"');
});

test('a log that was moved is the same log: bytes, read tables, receipts; and no process manager acts twice', async () => {
  await using created = await createEmpty();
  const { code, stdout } = await imported(created.url, await exported(filled.url, 'moved.ndjson.gz'));
  expect(stdout).toBe('4,021 events, 5 commands and 3 keys imported; 0 events were there already\n');
  expect(code).toBe(0);
  expect(await readFile(await exported(created.url, 'moved.ndjson'), 'utf8')).toBe(text);
  {
    await using source = await startShop(filled.url);
    await using target = await startShop(created.url);
    await settle(target);
    await until(async () => (await fulfilmentPosition(created.url)) === 4_021);
    expect(await readTables(target)).toEqual(await readTables(source));
    const paid = await target.execute(Order.commands.pay('o0', {}), { commandId: 'pay o0' });
    expect(paid).toMatchObject({ duplicate: true, stream: 'Order-o0', version: 2 });
  }
  const verified = await runLivefold(['verify'], { databaseUrl: created.url });
  expect(verified.code, verified.output).toBe(0);
  expect(await headOf(created.url)).toBe(4_021);
  expect(await readFile(await exported(created.url, 'later.ndjson'), 'utf8')).toBe(text);
});

test('an import that is killed on the way is run again to the same end', async () => {
  await using created = await createEmpty();
  await using program = startLivefold(['import', 'log', archive], { databaseUrl: created.url });
  while ((await headOf(created.url)) === 0);
  await program.end('SIGKILL');
  const head = await headOf(created.url);
  expect(head).toBeLessThan(4_021);
  const { code, stdout } = await imported(created.url, archive);
  expect(stdout).toContain(`${(4_021 - head).toLocaleString('en')} events, `);
  expect(stdout).toContain(`; ${head.toLocaleString('en')} events were there already`);
  expect(code).toBe(0);
  expect(await readFile(await exported(created.url, 'killed.ndjson'), 'utf8')).toBe(text);
  expect((await imported(created.url, archive)).stdout).toContain('; 4,021 events were there already');
});

test('a database with another log is left as it is', async () => {
  await using other = await createFilledShop();
  const before = await readFile(await exported(other.url, 'before.ndjson'));
  const { code, output } = await imported(other.url, archive);
  expect(output).toContain('ARCHIVE_CONFLICT: The archive does not fit the log at position 1: ');
  expect(code).toBe(1);
  expect(await readFile(await exported(other.url, 'after.ndjson'))).toEqual(before);
});

const damages: readonly (readonly [
  string,
  string,
  (whole: string) => Promise<string | Uint8Array>,
  RegExp,
])[] = [
  [
    'changed',
    'x.ndjson',
    async (whole) => whole.replace('"quantity":2', '"quantity":3'),
    /ARCHIVE_DAMAGED.*changed/,
  ],
  ['cut off', 'x.ndjson', async (whole) => whole.slice(0, -2_000), /ARCHIVE_DAMAGED.*line 4\d\d\d/],
  ['empty', 'x.ndjson', async () => '', /ARCHIVE_DAMAGED.*line 1/],
  [
    'something else',
    'x.ndjson',
    async () => '{"hello":1}\n',
    /ARCHIVE_DAMAGED.*line 1: this is not an archive/,
  ],
  [
    'packed and cut off',
    'x.ndjson.gz',
    async () => (await readFile(await exported(filled.url, 'cut.ndjson.gz'))).subarray(0, 50_000),
    /ARCHIVE_UNREADABLE.*unexpected end of file/,
  ],
  ['called packed', 'x.ndjson.gz', async (whole) => whole, /ARCHIVE_UNREADABLE.*incorrect header check/],
];

test.each(damages)('of a file that is %s nothing is stored', async (_, name, damage, message) => {
  await using created = await createEmpty();
  const file = join(folder, name);
  await writeFile(file, await damage(text));
  const { code, output } = await imported(created.url, file);
  expect(output).toMatch(message);
  expect(code).toBe(1);
  expect(await headOf(created.url)).toBe(0);
});

test('a file that is not there, and one that cannot be written, are said by name', async () => {
  const missing = await imported(filled.url, join(folder, 'nowhere.ndjson'));
  expect(missing.output).toMatch(/ARCHIVE_UNREADABLE: The file .*nowhere.ndjson cannot be read: ENOENT/);
  const unwritable = join(folder, 'no-folder', 'a.ndjson');
  const { code, output } = await runLivefold(['export', unwritable], { databaseUrl: filled.url });
  expect(output).toMatch(/ARCHIVE_UNWRITABLE: The file .*a.ndjson cannot be written: ENOENT/);
  expect([missing.code, code]).toEqual([1, 1]);
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('a reader of standard output who goes away is no crash', async () => {
  const script = `{ "${process.execPath}" "${cli}" export -; echo "exit $?" >&2; } | head -n 1`;
  const env = { ...process.env, DATABASE_URL: filled.url, LIVEFOLD_KEYS: masterKeys };
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', script], { env });
  expect(stdout).toBe('{"format":"livefold log","version":1}\n');
  expect(stderr).toMatch(/^ARCHIVE_UNWRITABLE: Standard output cannot be written: .*EPIPE.*\nexit 1\n$/);
});
