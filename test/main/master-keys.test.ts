import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shop } from '../../src/app/shop.ts';
import { readBackendEnvironment } from '../../src/main/backend-environment.ts';
import { startBackend } from '../../src/main/start-backend.ts';
import { createMasterKey } from '../../src/persistence/mapper/master-keys.ts';
import { registerUser } from '../app/operations.ts';
import { cli } from '../clients/shop.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Issuer } from '../support/issuer.ts';
import { type Ending, Program } from '../support/program.ts';
import { ServedProgram } from '../support/served-program.ts';
import { createTestFolder, type TestFolder } from '../support/test-folder.ts';

const key = createMasterKey('right');
const secret = key.split(':')[1] ?? '';

let database: TestDatabase;
let folder: TestFolder;
beforeAll(async () => {
  [database, folder] = await Promise.all([createTestDatabase(shop.migrations), createTestFolder()]);
  await using started = await ServedProgram.start([cli, 'start'], { env: env({ LIVEFOLD_KEYS: key }) });
  await started.data(registerUser, { input: { id: 'ada', name: 'Ada' } });
});
afterAll(async () => {
  await database.drop();
  await folder[Symbol.asyncDispose]();
});

function env(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return { DATABASE_URL: database.url, LIVEFOLD_DATA: folder.path, PORT: '0', ...more };
}

async function run(args: readonly string[], more: Readonly<Record<string, string>>) {
  await using program = new Program([cli, ...args], { env: env(more) });
  const ending: Ending = await program.ended;
  return { ...ending, output: program.output };
}

test('a key that was given unlocks the database again, in production too', async () => {
  await using issuer = await Issuer.start();
  const known = {
    LIVEFOLD_JWKS_URL: issuer.jwksUrl,
    LIVEFOLD_JWT_ISSUER: issuer.issuer,
    LIVEFOLD_JWT_AUDIENCE: issuer.audience,
  };
  const authorization = `Bearer ${await issuer.token('ada', { roles: ['customer'] })}`;
  for (const more of [{}, { NODE_ENV: 'production', ...known }]) {
    await using started = await ServedProgram.start([cli, 'start'], {
      env: env({ ...more, LIVEFOLD_KEYS: `${createMasterKey('newer')}, ${key}` }),
    });
    const { body } = await started.post('{ user(id: "ada") { name } }', {}, { authorization });
    expect(body).toEqual({ data: { user: { name: 'Ada' } } });
  }
});

describe('the server does not start', () => {
  const keyless = `right:${createMasterKey().split(':')[1]}`;
  test.each([
    ['with another key', { LIVEFOLD_KEYS: createMasterKey('other') }, /WRONG_MASTER_KEY: .*Give "right"/],
    [
      'with other bytes under the same id',
      { LIVEFOLD_KEYS: keyless },
      /WRONG_MASTER_KEY: .*"right" that was/,
    ],
    ['without a key, for a database that has one', { LIVEFOLD_KEYS: '' }, /WRONG_MASTER_KEY: .*Give "right"/],
    ['with what is no key', { LIVEFOLD_KEYS: secret }, /INVALID_MASTER_KEY: .*LIVEFOLD_KEYS.*keys create/],
    ['with id and key the wrong way', { LIVEFOLD_KEYS: `${secret.slice(0, 43)}:a` }, /INVALID_MASTER_KEY: /],
    ['with half a key', { LIVEFOLD_KEYS: key.slice(0, -8) }, /INVALID_MASTER_KEY: /],
    ['in production without a key', { NODE_ENV: 'production' }, /KEYS_MISSING: .*`livefold keys create`/],
  ])('%s', async (_, more, message) => {
    const { code, output } = await run(['start'], more);
    expect(code).toBe(1);
    expect(output).toMatch(message);
    expect(output).not.toContain('Livefold is running');
    expect(output).not.toContain(secret.slice(4, 30));
    expect(output).not.toMatch(/^ +at /m);
  });

  test('and neither does any command that works on the database', async () => {
    for (const args of [['verify'], ['keys', 'rotate'], ['export', '-'], ['import', 'retail', 'none.csv']])
      expect((await run(args, { NODE_ENV: 'production' })).output).toContain('KEYS_MISSING');
  });
});

test('a backend that stores nothing encrypted needs no key in production; one that encrypts all does', () => {
  const plain = { ...shop, events: shop.events.filter(({ isPersonal }) => !isPersonal) };
  const NODE_ENV = 'production';
  expect(readBackendEnvironment(plain, { NODE_ENV }).storage.masterKeys).toBeUndefined();
  expect(() => readBackendEnvironment(plain, { NODE_ENV, LIVEFOLD_ENCRYPT: 'true' })).toThrow(
    expect.objectContaining({ code: 'KEYS_MISSING' }),
  );
  expect(readBackendEnvironment(shop, { NODE_ENV, LIVEFOLD_KEYS: key }).storage.masterKeys).toBe(key);
});

test('a program that starts a backend itself is not asked for one', async () => {
  await using own = await createTestFolder();
  await using other = await createTestDatabase(shop.migrations);
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    await using backend = await startBackend(shop, { databaseUrl: other.url, dataDirectory: own.path });
    expect(await backend.log.head()).toBe(0);
  } finally {
    process.env.NODE_ENV = before;
  }
});

test('`livefold keys create` prints a key that works, each time another', async () => {
  const [one, other] = await Promise.all([
    run(['keys', 'create'], {}),
    run(['keys', 'create', '--id', '2031-06'], {}),
  ]);
  expect(one.output).toMatch(/^[\w.-]+:\S{44}\n$/);
  expect(other.output).toMatch(/^2031-06:\S{44}\n$/);
  expect(one.output.split(':')[1]).not.toBe(other.output.split(':')[1]);
  const bad = await run(['keys', 'create', '--id', 'a b'], {});
  expect([bad.code, bad.output]).toEqual([1, expect.stringContaining('INVALID_MASTER_KEY')]);
});
