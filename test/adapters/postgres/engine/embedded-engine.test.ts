import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedEngine } from '../../../../src/adapters/postgres/engine/embedded-engine.ts';
import { isAlive } from '../../../../src/adapters/postgres/engine/is-alive.ts';
import { migrateDatabase } from '../../../../src/adapters/postgres/migrate.ts';
import { spawnEngine } from './spawn-engine.ts';

const isRoot = process.getuid?.() === 0;
const run = promisify(execFile);

let dataDirectory: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'livefold-engine-'));
});

afterEach(async () => {
  await endServer(dataDirectory);
  await rm(dataDirectory, { recursive: true, force: true });
});

describe('one process', () => {
  test('the database is durable, on loopback only, and keeps its data over a restart', async () => {
    const lines: string[] = [];
    const first = await startEmbeddedEngine({ dataDirectory, log: (line) => lines.push(line) });
    expect(first.adopted).toBe(false);
    expect(
      await ask(first.url, `select current_setting('fsync') || current_setting('listen_addresses')`),
    ).toBe('on127.0.0.1');
    await ask(first.url, 'create table kept as select 42 as value');
    await first.stop();
    await first.stop();
    await expect(ask(first.url, 'select 1')).rejects.toThrow();

    await using second = await startEmbeddedEngine({ dataDirectory, log: (line) => lines.push(line) });
    expect(await ask(second.url, 'select value from kept')).toBe(42);
    expect(lines.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'Creating a PostgreSQL',
      'PostgreSQL is running',
      'PostgreSQL is running',
    ]);
    expect(lines.join()).not.toContain(new URL(first.url).password);
  });

  test('text sorts by code point and folds Unicode case on every machine', async () => {
    await using engine = await startEmbeddedEngine({ dataDirectory });
    expect(
      await ask(
        engine.url,
        `select string_agg(t, '' order by t) || lower('Ä') from unnest(array['b', 'Z', 'é', 'a']) t`,
      ),
    ).toBe('Zabéä');
  });

  test.runIf(isRoot)(
    'as root the server runs as another user, below a folder that only root may enter',
    async () => {
      const closed = join(dataDirectory, 'closed');
      await mkdir(closed, { mode: 0o700 });
      await using engine = await startEmbeddedEngine({ dataDirectory: join(closed, 'data') });
      const { uid } = await stat(join(closed, 'data', 'postgres', 'data', 'postmaster.pid'));
      expect(uid).not.toBe(0);
      expect(await ask(engine.url, 'select 1')).toBe(1);
    },
  );

  test("an application's tables are beside Livefold's schema, not in it", async () => {
    await using engine = await startEmbeddedEngine({ dataDirectory });
    await migrateDatabase({ url: engine.url });
    await ask(engine.url, 'create table mine (id text)');
    expect(await ask(engine.url, "select schemaname from pg_tables where tablename = 'mine'")).toBe('public');
  });

  test('the password can be read by nobody else', async () => {
    await using engine = await startEmbeddedEngine({ dataDirectory });
    const file = join(dataDirectory, 'postgres', 'password');
    expect(await readFile(file, 'utf8')).toBe(new URL(engine.url).password);
    expect((await stat(file)).mode & 0o077).toBe(0);
    await expect(ask(engine.url.replace(/:[^:@]+@/, ':guessed@'), 'select 1')).rejects.toMatchObject({
      code: '28P01',
    });
  });

  test('a server that cannot start is an error with its own words', async () => {
    await (await startEmbeddedEngine({ dataDirectory })).stop();
    await writeFile(join(dataDirectory, 'postgres', 'data', 'PG_VERSION'), '9.6\n');
    await expect(startEmbeddedEngine({ dataDirectory })).rejects.toMatchObject({
      code: 'DATABASE_ENGINE_FAILED',
      message: expect.stringMatching(/initialized by PostgreSQL version 9\.6.*DATABASE_URL/s),
    });
  });

  test('a folder with something else in it is left alone', async () => {
    await mkdir(join(dataDirectory, 'postgres'));
    await writeFile(join(dataDirectory, 'postgres', 'letter.txt'), 'dear');
    if (isRoot) await chmod(dataDirectory, 0o755);
    await expect(startEmbeddedEngine({ dataDirectory })).rejects.toMatchObject({
      code: 'DATABASE_ENGINE_FAILED',
    });
    expect(await readdir(dataDirectory)).toEqual(['postgres']);
    expect(await readdir(join(dataDirectory, 'postgres'))).toEqual(['letter.txt']);
  });

  test('a platform without binaries is an error that names DATABASE_URL', async () => {
    const { arch } = process;
    onTestFinished(() => void Object.defineProperty(process, 'arch', { value: arch }));
    Object.defineProperty(process, 'arch', { value: 'riscv64' });
    await expect(startEmbeddedEngine({ dataDirectory })).rejects.toMatchObject({
      code: 'DATABASE_ENGINE_MISSING',
      message: expect.stringMatching(/-riscv64.*DATABASE_URL/s),
    });
  });

  test('a start can be stopped', async () => {
    const signal = AbortSignal.abort();
    await expect(startEmbeddedEngine({ dataDirectory, signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await readdir(dataDirectory)).toEqual([]);
  });
});

describe('several processes', () => {
  test('of four that start at once on an empty folder one starts the server, and all have the same', async () => {
    const engines = await Promise.all([1, 2, 3, 4].map(() => spawnEngine(dataDirectory)));
    expect(engines.filter(({ adopted }) => !adopted)).toHaveLength(1);
    expect(new Set(engines.map(({ url }) => url)).size).toBe(1);
    expect(await readdir(dataDirectory)).toEqual(['postgres']);
    await Promise.all(engines.map((engine) => engine.stop()));
    expect(await isRunning(dataDirectory)).toBe(false);
  });

  test('the server stays until the last one leaves, whoever started it', async () => {
    const starter = await spawnEngine(dataDirectory);
    const other = await startEmbeddedEngine({ dataDirectory });
    await starter.stop();
    expect(await ask(other.url, 'select 1')).toBe(1);
    await other.stop();
    expect(await isRunning(dataDirectory)).toBe(false);
  });

  test('a server whose process was killed is adopted, and stops with the one who adopted it', async () => {
    const killed = await spawnEngine(dataDirectory);
    await ask(killed.url, 'create table kept as select 42 as value');
    await killed.kill();
    const engine = await startEmbeddedEngine({ dataDirectory });
    expect(engine).toMatchObject({ adopted: true, url: killed.url });
    expect(await ask(engine.url, 'select value from kept')).toBe(42);
    await engine.stop();
    expect(await isRunning(dataDirectory)).toBe(false);
  });

  test('one that starts while the last one stops gets a server that stays', async () => {
    let current = await startEmbeddedEngine({ dataDirectory });
    for (let round = 0; round < 5; round += 1) {
      const [next] = await Promise.all([startEmbeddedEngine({ dataDirectory }), current.stop()]);
      expect(await ask(next.url, 'select 1')).toBe(1);
      current = next;
    }
    await current.stop();
  });
});

describe('what a killed server leaves behind', () => {
  test('its file is no obstacle, and nothing that was committed is lost', async () => {
    const killed = await startEmbeddedEngine({ dataDirectory });
    await ask(killed.url, 'create table kept as select 42 as value');
    process.kill(await serverPid(dataDirectory), 'SIGKILL');
    await using engine = await startEmbeddedEngine({ dataDirectory });
    expect(engine.adopted).toBe(false);
    expect(await ask(engine.url, 'select value from kept')).toBe(42);
    await killed.stop();
    expect(await ask(engine.url, 'select value from kept')).toBe(42);
  });

  test('its pid may have gone to another program', async () => {
    const killed = await startEmbeddedEngine({ dataDirectory });
    process.kill(await serverPid(dataDirectory), 'SIGKILL');
    const file = postmasterFile(dataDirectory);
    // Of the same user: another one's process would not even make PostgreSQL hesitate.
    const { uid, gid } = await stat(file);
    const stranger = spawn('sleep', ['600'], { uid, gid });
    onTestFinished(() => void stranger.kill());
    await once(stranger, 'spawn');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^\d+/, String(stranger.pid)));
    await using engine = await startEmbeddedEngine({ dataDirectory });
    expect(engine.adopted).toBe(false);
    expect(await ask(engine.url, 'select 1')).toBe(1);
    expect(stranger.exitCode).toBe(null);
    await killed.stop();
  });

  test('a half-made database is made anew', async () => {
    const dead = spawn(process.execPath, ['--version']);
    await once(dead, 'exit');
    await mkdir(join(dataDirectory, `postgres.unfinished-${dead.pid}-abcdef`, 'data'), { recursive: true });
    await using engine = await startEmbeddedEngine({ dataDirectory });
    expect(await ask(engine.url, 'select 1')).toBe(1);
    expect(await readdir(dataDirectory)).toEqual(['postgres']);
  });
});

test.skipIf(process.platform === 'win32')(
  'a copy of a running database gets a server of its own',
  async () => {
    await using original = await startEmbeddedEngine({ dataDirectory });
    await ask(original.url, 'checkpoint');
    const copy = join(dataDirectory, 'copy');
    await mkdir(copy);
    await run('cp', ['-a', join(dataDirectory, 'postgres'), copy]);
    await using engine = await startEmbeddedEngine({ dataDirectory: copy });
    expect(engine.adopted).toBe(false);
    await ask(engine.url, 'create table only_here as select 1 as value');
    await expect(ask(original.url, 'select value from only_here')).rejects.toMatchObject({ code: '42P01' });
  },
);

async function ask(url: string, query: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    const [row] = await sql.unsafe(query);
    return row && Object.values(row)[0];
  } finally {
    await sql.end({ timeout: 0 });
  }
}

function postmasterFile(directory: string): string {
  return join(directory, 'postgres', 'data', 'postmaster.pid');
}

async function serverPid(directory: string): Promise<number> {
  return Number.parseInt(await readFile(postmasterFile(directory), 'utf8'), 10);
}

async function isRunning(directory: string): Promise<boolean> {
  return await serverPid(directory).then(isAlive, () => false);
}

/** After a failed test: its server would outlive the run. */
async function endServer(directory: string): Promise<void> {
  if (await isRunning(directory)) await (await startEmbeddedEngine({ dataDirectory: directory })).stop();
}
