import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shop } from '../../src/app/shop.ts';
import { compareWithLock, lockOf } from '../../src/domain/event-lock.ts';
import { EventRegistry } from '../../src/domain/event-registry.ts';
import type { TestDatabase } from '../support/database.ts';
import { copyDatabase, tamper } from './copy-database.ts';
import { createFilledShop } from './filled-shop.ts';
import { type CliOptions, type CliResult, runLivefold } from './run-livefold.ts';

const root = join(import.meta.dirname, '../..');
const lockFile = join(root, 'schema/events.lock.json');
const tomorrow = fileURLToPath(import.meta.resolve('./shop-of-tomorrow.ts'));

let folder: string;
let filled: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livefold-check-'));
  filled = await createFilledShop();
});
afterAll(async () => {
  await filled.drop();
  await rm(folder, { recursive: true });
});

const check = (args: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runLivefold(['check', ...args], { cwd: folder, ...options });

test("the shop's lock file is up to date: run `npm run livefold check -- --no-database --update` and look at the difference", async () => {
  const registry = new EventRegistry(shop.events);
  const locked = JSON.parse(await readFile(lockFile, 'utf8'));
  expect(compareWithLock(registry, locked)).toEqual([]);
  expect(locked).toEqual(JSON.parse(JSON.stringify(lockOf(registry))));
});

test('what is stored and locked as the program knows it passes', async () => {
  const { code, stdout } = await check([], { cwd: root, databaseUrl: filled.url });
  expect(stdout).toBe(
    '✓ 14 event types are as schema/events.lock.json says\n✓ all 21 stored events can be read\n',
  );
  expect(code).toBe(0);
});

test('what would no longer read is named: type, version, count, why and where first', async () => {
  await using copy = await copyDatabase(filled);
  await tamper(copy.url, async (sql) => {
    await sql`update livefold.events set schema_version = 5 where type = 'OrderCancelled'`;
    await sql`update livefold.keys set wrapped = '\\x01' where subject = 'user:bob'`;
  });
  const { code, stdout } = await check(['--lock', lockFile, '--backend', tomorrow], {
    databaseUrl: copy.url,
  });
  const lines = stdout.trimEnd().split('\n');
  const of = (start: string) => expect.stringMatching(new RegExp(`^${start}`));
  expect(lines.slice(0, 6)).toEqual([
    of('✗ OrderPaid: nothing says how version 1 becomes 2') &&
      of('· OrderPaid: its version rose from 1 to 2'),
    of('· OrderPlaced: its version rose from 1 to 2'),
    of('· OrderShipped: its version rose from 1 to 2'),
    of('✗ ProductAdded: its schema changed and its version is still 1'),
    of('✗ UserRegistered: it is gone'),
    of('✗ OrderPaid: nothing says how version 1 becomes 2: add an upcaster'),
  ]);
  expect(lines.slice(6).sort()).toEqual([
    of('✗ 1 × EmailChanged version 1, first at position \\d+: WRONG_MASTER_KEY: '),
    of('✗ 1 × OrderShipped version 1, first at position \\d+: UPCAST_FAILED: .* its upcaster threw'),
    of('✗ 1 × UserRegistered version 1, first at position \\d+: WRONG_MASTER_KEY: '),
    of('✗ 2 × OrderCancelled version 5, first at position \\d+: UNKNOWN_EVENT_VERSION: '),
    of('✗ 2 × ProductAdded version 1, first at position 1: INVALID_EVENT: .* weight: '),
    of('✗ 2 × UserRegistered version 1, first at position \\d+: UNKNOWN_EVENT_TYPE: '),
    of(
      '✗ 4 × OrderPaid version 1, first at position \\d+: UPCAST_FAILED: .* nothing says how it becomes version 2',
    ),
  ]);
  expect(code).toBe(1);
});

test('a lock file is written where there is none, and guards from then on', async () => {
  const lock = join(folder, 'deep/events.lock.json');
  const args = ['--no-database', '--lock', lock];
  const missing = await check(args);
  expect(missing.output).toContain(
    `LOCK_MISSING: There is no lock file ${lock}: write it by \`livefold check --update\``,
  );
  const written = await check([...args, '--update']);
  expect(written.stdout).toContain(`✓ ${lock} says now what the 14 event types look like: commit it`);
  expect(await readFile(lock)).toEqual(await readFile(lockFile));
  expect([missing.code, written.code, (await check(args)).code]).toEqual([1, 0, 0]);
});

test('a lock file that does not know all types is out of date, though nothing breaks', async () => {
  const lock = join(folder, 'old.json');
  const { OrderPaid: _, ...others } = JSON.parse(await readFile(lockFile, 'utf8'));
  await writeFile(lock, JSON.stringify(others));
  const { code, stdout } = await check(['--no-database', '--lock', lock]);
  expect(stdout).toBe(
    `· OrderPaid: it is new\n✗ nothing breaks, but ${lock} is out of date: run \`livefold check --update\` and commit it\n`,
  );
  expect(code).toBe(1);
});

test.each(['', '{', '[]', '{"A":1}', '{"A":{"schemaVersion":"1","schema":null}}'])(
  'a lock file that holds %j is said to be damaged',
  async (text) => {
    const lock = join(folder, 'damaged.json');
    await writeFile(lock, text);
    const { code, output } = await check(['--no-database', '--lock', lock]);
    expect(output).toContain(`LOCK_UNREADABLE: The file ${lock} holds no lock: `);
    expect(code).toBe(1);
  },
);
