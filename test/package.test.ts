import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openEventStream } from './graphql/event-source.ts';
import { onlyError } from './graphql/requests.ts';
import { createTestDatabase } from './support/database.ts';
import { ServedProgram } from './support/served-program.ts';

const root = join(import.meta.dirname, '..');
const quickstart = join(root, 'examples/quickstart');

/** An empty folder somewhere, with the quickstart in it and the packed package installed: all that a stranger has. */
let stranger: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livefold-package-'));
  stranger = join(folder, 'stranger');
  const tarball = await pack(join(folder, 'copy'));
  await cp(quickstart, stranger, { recursive: true });
  // The test has a database: PostgreSQL's binaries, which are optional, would be 60 MB to unpack.
  const quick = [
    '--omit=dev',
    '--omit=optional',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
  ];
  await run('npm', ['install', ...quick, tarball], stranger);
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Packs a copy of the project, since packing builds, and the project's own `dist` may be in use. */
async function pack(copy: string): Promise<string> {
  const { files } = await readJson(join(root, 'package.json'));
  const names = [
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'LICENSE',
    'src',
    ...files,
  ];
  await mkdir(copy);
  for (const name of names.filter((name) => name !== 'dist')) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', folder], copy);
  const [tarball = 'no tarball'] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  return join(folder, tarball);
}

/** Runs a command under the Node of the tests. A failure's message has all that the command wrote. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env: { ...process.env, PATH: path } });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error });
  }
}

async function readJson(path: string) {
  return JSON.parse(await readFile(path, 'utf8'));
}

test('the quickstart has at most 80 lines of TypeScript and one SDL file, and imports only the doors', async () => {
  const names = (await readdir(quickstart, { recursive: true })).filter(
    (name) => !name.includes('node_modules'),
  );
  const sources = names.filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(sources.map((name) => readFile(join(quickstart, name), 'utf8')));
  expect(texts.join('').trimEnd().split('\n').length).toBeLessThanOrEqual(80);
  expect(names.filter((name) => name.endsWith('.graphql'))).toEqual(['schema.graphql']);
  const { exports, name } = await readJson(join(root, 'package.json'));
  const doors = Object.keys(exports).map((door) => door.replace('.', name));
  const imports = texts.flatMap((text) =>
    [...text.matchAll(/from '(livefold[^']*|\.\.[^']*)'/g)].map(([, from]) => from),
  );
  expect(imports).not.toEqual([]);
  expect(doors).toEqual(expect.arrayContaining(imports));
});

test('the package holds the program, its declarations, the SDL and the migrations, and neither sources nor tests', async () => {
  const names = await readdir(join(stranger, 'node_modules/livefold'), { recursive: true });
  expect(names).toEqual(
    expect.arrayContaining([
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'schema/core.graphql',
      'drizzle/livefold/0000_tables.sql',
      'drizzle/livefold/meta/_journal.json',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/livefold.js',
    ]),
  );
  expect(names.filter((name) => /(^|[./])test(\/|\.|$)|\.config\.|(?<!\.d)\.ts$/.test(name))).toEqual([]);
  const tops = new Set(names.map((name) => name.split('/', 1)[0]));
  expect([...tops].sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'drizzle',
    'package.json',
    'schema',
  ]);
});

test('every door opens, and what it says it exports is there', async () => {
  const { exports } = await readJson(join(root, 'package.json'));
  const doors = Object.keys(exports)
    .filter((door) => !door.endsWith('.json'))
    .map((door) => door.replace('.', 'livefold'));
  // Their libraries are optional: only who uses one has it.
  for (const scope of ['@urql', '@apollo']) {
    await symlink(join(root, 'node_modules', scope), join(stranger, 'node_modules', scope));
  }
  const script = `for (const door of ${JSON.stringify(doors)}) console.log(door, Object.keys(await import(door)).length > 0)`;
  const output = await run('node', ['--input-type=module', '--eval', script], stranger);
  expect(output.trim().split('\n')).toEqual(doors.map((door) => `${door} true`));
});

test('npx livefold runs the command line', async () => {
  expect(await run('npx', ['livefold', '--help'], stranger)).toMatch(/Usage: livefold .*start/s);
});

test("the quickstart type-checks strictly, and so do the package's declarations", async () => {
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    skipLibCheck: false,
  };
  await writeFile(join(stranger, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const output = await run('tsc', ['--pretty', 'false'], stranger).catch(({ message }: Error) => message);
  // Without skipLibCheck other packages' declarations are checked too, and some of those have errors.
  const errors = output.split('\n').filter((line) => /^[^ ].*\(\d+,\d+\): error/.test(line));
  expect(errors.filter((line) => !/^node_modules\/(?!livefold\/)/.test(line))).toEqual([]);
});

test('the quickstart answers mutations and queries, and pushes frames over WebSocket and SSE', async () => {
  await using database = await createTestDatabase();
  const env = { DATABASE_URL: database.url, PORT: '0' };
  await using bank = await ServedProgram.start(
    ['node_modules/livefold/dist/cli/livefold.js', 'start', '--backend', 'bank.ts'],
    { cwd: stranger, env },
  );
  const watch = 'subscription { accounts { kind upserted { id balance } } }';
  const socket = createClient({ url: bank.socket, webSocketImpl: WebSocket });
  const frames = socket.iterate({ query: watch });
  const stream = await openEventStream(bank.graphql, { query: watch });
  const empty = { accounts: { kind: 'SNAPSHOT', upserted: [] } };
  expect((await frames.next()).value?.data).toEqual(empty);
  expect(JSON.parse((await stream.next())?.data ?? '').data).toEqual(empty);

  const opened = await bank.data(
    'mutation { openAccount(input: { id: "a", owner: "Ada" }) { receipt { position } account { id owner balance } } }',
  );
  expect(opened.openAccount).toEqual({
    receipt: { position: '1' },
    account: { id: 'a', owner: 'Ada', balance: '0' },
  });
  const opening = { accounts: { kind: 'DELTA', upserted: [{ id: 'a', balance: '0' }] } };
  expect((await frames.next()).value?.data).toEqual(opening);
  expect(JSON.parse((await stream.next())?.data ?? '').data).toEqual(opening);

  const deposit =
    'mutation { deposit(input: { id: "a", amount: "10.10" }, commandId: "d-1") { receipt { duplicate } account { balance } } }';
  expect((await bank.data(deposit)).deposit).toEqual({
    receipt: { duplicate: false },
    account: { balance: '10.1' },
  });
  expect((await bank.data(deposit)).deposit.receipt).toEqual({ duplicate: true });
  const withdraw =
    'mutation ($amount: Decimal!) { withdraw(input: { id: "a", amount: $amount }) { receipt { position } } }';
  const { extensions } = onlyError(await bank.post(withdraw, { amount: '10.11' }));
  expect(extensions).toMatchObject({ code: 'COMMAND_REJECTED', reason: 'INSUFFICIENT_FUNDS' });
  const { position } = (await bank.data(withdraw, { amount: '0.20' })).withdraw.receipt;

  const query =
    'query ($p: Position) { account(id: "a", atLeast: $p) { balance } accounts(atLeast: $p) { nodes { id } } }';
  expect(await bank.data(query, { p: position })).toEqual({
    account: { balance: '9.9' },
    accounts: { nodes: [{ id: 'a' }] },
  });
  for (const balance of ['10.1', '9.9']) {
    const frame = { accounts: { kind: 'DELTA', upserted: [{ id: 'a', balance }] } };
    expect((await frames.next()).value?.data).toEqual(frame);
    expect(JSON.parse((await stream.next())?.data ?? '').data).toEqual(frame);
  }
  stream.leave();
  await socket.dispose();
  expect(await bank.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
