import { setTimeout as delay } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresKeyStore } from '../../src/adapters/postgres/postgres-key-store.ts';
import { shop } from '../../src/app/shop.ts';
import { createMasterKey, parseMasterKeys } from '../../src/persistence/mapper/master-keys.ts';
import { createWrappedKey } from '../../src/persistence/mapper/sealing-key.ts';
import { registerUser } from '../app/operations.ts';
import { cli } from '../clients/shop.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Program } from '../support/program.ts';
import { ServedProgram } from '../support/served-program.ts';
import { createTestFolder, type TestFolder } from '../support/test-folder.ts';

const [old, fresh] = [createMasterKey('old'), createMasterKey('fresh')];
const both = `${fresh},${old}`;

let database: TestDatabase;
let folder: TestFolder;
let sql: Sql;
beforeEach(async () => {
  [database, folder] = await Promise.all([createTestDatabase(shop.migrations), createTestFolder()]);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});
afterEach(async () => {
  await sql.end();
  await database.drop();
  await folder[Symbol.asyncDispose]();
});

const env = (LIVEFOLD_KEYS: string) => ({
  ...{ DATABASE_URL: database.url, LIVEFOLD_DATA: folder.path, PORT: '0', LIVEFOLD_ENCRYPT: 'true' },
  LIVEFOLD_KEYS,
});
const start = (keys: string): Promise<ServedProgram> =>
  ServedProgram.start([cli, 'start'], { env: env(keys) });

async function rotate(keys: string): Promise<string> {
  await using program = new Program([cli, 'keys', 'rotate'], { env: env(keys) });
  const { code } = await program.ended;
  expect([code, program.output]).toEqual([0, expect.stringContaining('wrapped anew')]);
  return program.output;
}

async function countByMaster(): Promise<Readonly<Record<string, number>>> {
  const rows = await sql<{ id: string; count: number }[]>`
    select master_id as id, count(*)::int from livefold.keys where wrapped is not null group by 1`;
  return Object.fromEntries(rows.map(({ id, count }) => [id, count]));
}

async function register(program: ServedProgram, prefix: string, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
  await Promise.all(ids.map((id) => program.data(registerUser, { input: { id, name: `Name of ${id}` } })));
}

async function expectAllReadable(program: ServedProgram, count: number): Promise<void> {
  const query = '{ notificationLog(first: 1000, filter: { types: ["UserRegistered"] }) { nodes { data } } }';
  const { notificationLog } = await program.data(query);
  expect(notificationLog.nodes).toHaveLength(count);
  for (const { data } of notificationLog.nodes) expect(data.name).toBe(`Name of ${data.userId}`);
}

test('the master key is changed while two programs run, and the old one is needed no more', async () => {
  {
    await using first = await start(old);
    await register(first, 'before', 50);
  }
  {
    await using one = await start(both);
    await using other = await start(both);
    await register(other, 'beside', 20);
    const rotating = rotate(both);
    await Promise.all([register(one, 'one', 50), register(other, 'other', 50)]);
    // 50 keys of users and the data key were of the old one; how many of the new ones it met is chance.
    expect(await rotating).toMatch(/ keys: 51 wrapped anew, 0 destroyed ones left\./);
    expect(await rotate(both)).toContain(' 0 wrapped anew');
    for (const program of [one, other]) await expectAllReadable(program, 170);
  }
  expect(await countByMaster()).toEqual({ fresh: 170 + 3 });
  await using one = await start(fresh);
  await using other = await start(fresh);
  for (const program of [one, other]) await expectAllReadable(program, 170);
  await register(one, 'after', 10);
  await expectAllReadable(other, 180);
  await using locked = new Program([cli, 'start'], { env: env(old) });
  expect([(await locked.ended).code, locked.output]).toEqual([1, expect.stringContaining('Give "fresh"')]);
});

test('a rotation that is killed is finished by the next one', async () => {
  {
    await using program = await start(old);
    await register(program, 'first', 1);
  }
  const many = 20_000;
  const opened = openDatabase(database.url, { connections: 1 });
  const store = createPostgresKeyStore(opened);
  const [master] = parseMasterKeys(old);
  for (let n = 0; n < many; n += 4_000)
    await store.addKeys(Array.from({ length: 4_000 }, (_, i) => createWrappedKey(`member:${n + i}`, master)));
  await opened.close();

  await using rotating = new Program([cli, 'keys', 'rotate'], { env: env(both) });
  while ((await countByMaster()).fresh === undefined) await delay(2);
  expect(await rotating.end('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
  const halfway = await countByMaster();
  expect(halfway.old).toBeGreaterThan(0);
  expect((halfway.old ?? 0) + (halfway.fresh ?? 0)).toBe(many + 2);

  {
    await using meanwhile = await start(both);
    await register(meanwhile, 'second', 1);
    await expectAllReadable(meanwhile, 2);
  }
  const left = (halfway.old ?? 0).toLocaleString('en');
  expect(await rotate(both)).toContain(`keys: ${left} wrapped anew`);
  expect(await countByMaster()).toEqual({ fresh: many + 4 });
  await using program = await start(fresh);
  await expectAllReadable(program, 2);
});

test('with the new master key alone nothing is rotated, and the program says which one it takes', async () => {
  {
    await using program = await start(old);
    await register(program, 'first', 1);
  }
  await using rotating = new Program([cli, 'keys', 'rotate'], { env: env(fresh) });
  expect([(await rotating.ended).code, rotating.output]).toEqual([1, expect.stringContaining('Give "old"')]);
  expect(await countByMaster()).toEqual({ old: 2 });
});
