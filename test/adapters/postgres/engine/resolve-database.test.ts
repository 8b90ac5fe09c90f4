import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveDatabase } from '../../../../src/adapters/postgres/engine/resolve-database.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';

let database: TestDatabase;
let dataDirectory: string;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDirectory = await mkdtemp(join(tmpdir(), 'livefold-resolve-'));
});

afterAll(async () => {
  await database.drop();
  await rm(dataDirectory, { recursive: true, force: true });
});

test('a given server is used as it is and outlives us; nothing is written to the data folder', async () => {
  const engine = await resolveDatabase({ databaseUrl: database.url, dataDirectory });
  expect(engine).toMatchObject({ url: database.url, adopted: true });
  await engine.stop();
  await using again = await resolveDatabase({
    databaseUrl: database.url.replace('postgres:', 'postgresql:'),
    dataDirectory,
  });
  expect(again.adopted).toBe(true);
  expect(await readdir(dataDirectory)).toEqual([]);
});

test.each([undefined, ''])('without an address (%j) it is a server of our own', async (databaseUrl) => {
  await using engine = await resolveDatabase({ databaseUrl, dataDirectory });
  expect(engine.adopted).toBe(false);
  expect(await readdir(dataDirectory)).toEqual(['postgres']);
});

test.each([
  ['nobody listens there', 'postgres://a:secret@127.0.0.1:1/b', 'DATABASE_UNREACHABLE'],
  ['the database does not exist', () => `${database.url}_missing`, 'DATABASE_UNREACHABLE'],
  ['it is another kind of database', 'mysql://a:secret@127.0.0.1/b', 'DATABASE_URL_INVALID'],
  ['it is no address', 'a:secret@127.0.0.1', 'DATABASE_URL_INVALID'],
  ['its port is no number', 'postgres://a:secret@127.0.0.1:many/b', 'DATABASE_URL_INVALID'],
])('an address is refused, without telling its password, when %s', async (_, address, code) => {
  const databaseUrl = typeof address === 'string' ? address : address();
  const refusal = resolveDatabase({ databaseUrl, dataDirectory });
  await expect(refusal).rejects.toMatchObject({ code, message: expect.not.stringContaining('secret') });
});

test('a server that is too old is refused', async () => {
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  // No old server is at hand; but a function of ours may stand before the system's and answer as one would.
  await sql`create function public.current_setting(name text) returns text language sql
    return case name when 'server_version_num' then '140019' else '14.19' end`;
  await sql`alter database ${sql(new URL(database.url).pathname.slice(1))} set search_path = public, pg_catalog`;
  await sql.end();
  await expect(resolveDatabase({ databaseUrl: database.url, dataDirectory })).rejects.toMatchObject({
    code: 'DATABASE_TOO_OLD',
    fields: { version: '14.19' },
  });
});
