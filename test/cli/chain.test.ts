import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresChain } from '../../src/adapters/postgres/postgres-chain.ts';
import { User } from '../../src/app/users/user.ts';
import type { Audit } from '../../src/consumption/audit/verify-log.ts';
import type { ChainLink } from '../../src/persistence/log-chain.ts';
import { until } from '../adapters/postgres/until.ts';
import type { TestDatabase } from '../support/database.ts';
import { ServedProgram } from '../support/served-program.ts';
import { copyDatabase, tamper } from './copy-database.ts';
import { createFilledShop, placeMany, startShop } from './filled-shop.ts';
import { cli, masterKeys, runLivefold } from './run-livefold.ts';

let filled: TestDatabase;
let links: readonly ChainLink[];
beforeAll(async () => {
  filled = await createFilledShop();
  await using backend = await startShop(filled.url);
  // What was there before, and 100 more than a thousand.
  await placeMany(backend, 'old', 1_100);
  const killed = await startChaining();
  await using other = await startChaining();
  await placeMany(backend, 'new', 500);
  await killed.end('SIGKILL');
  await using again = await startChaining();
  await Promise.all([
    placeMany(backend, 'newer', 600),
    backend.execute(User.commands.forget('bob', { userId: 'bob' })),
  ]);
  const head = await backend.log.head();
  await until(async () => (await readLinks(filled.url)).at(-1)?.position === head);
  for (const running of backend.projections.values()) await running.waitFor(head, { timeout: 30_000 });
  links = await readLinks(filled.url);
  await Promise.all([other.end('SIGTERM'), again.end('SIGTERM')]);
});
afterAll(() => filled.drop());

/** A server that keeps the chain. */
const startChaining = (): Promise<ServedProgram> =>
  ServedProgram.start([cli, 'start'], {
    env: { DATABASE_URL: filled.url, PORT: '0', LIVEFOLD_CHAIN: 'true', LIVEFOLD_KEYS: masterKeys },
  });

async function readLinks(url: string): Promise<readonly ChainLink[]> {
  const database = openDatabase(url, { connections: 1 });
  try {
    return await createPostgresChain(database).readLinks();
  } finally {
    await database.close();
  }
}

async function faultsOf(url: string): Promise<{ readonly code: number | null; readonly faults: unknown }> {
  const { code, stdout } = await runLivefold(['verify', '--json'], { databaseUrl: url });
  const { findings } = JSON.parse(stdout) as Audit;
  const wrong = findings.filter(({ faults }) => faults > 0);
  return { code, faults: Object.fromEntries(wrong.map(({ check, examples }) => [check, examples])) };
}

test('an old log gets a chain from its first event on, however often the servers that keep it are killed', async () => {
  const head = links.at(-1)?.position ?? 0;
  expect(links.map(({ position }) => position)).toEqual([1_000, 2_000, head]);
  const { code, stdout } = await runLivefold(['verify'], { databaseUrl: filled.url });
  expect(stdout).toMatch(/✓ the hash chain fits the log +3 looked at\n/);
  expect(stdout).toContain(`The log's hash is ${head}:${links.at(-1)?.hash}.`);
  expect(code).toBe(0);
});

test('events that were changed are found, though they are valid otherwise: each stretch for itself', async () => {
  await using copy = await copyDatabase(filled);
  await tamper(
    copy.url,
    (sql) => sql`update livefold.events set actor = 'somebody else' where position in (1, 500, 2001)`,
  );
  expect(await faultsOf(copy.url)).toEqual({
    code: 1,
    faults: {
      'the hash chain fits the log': [
        'positions 1 to 1000 are not what they were',
        `positions 2001 to ${links.at(-1)?.position} are not what they were`,
      ],
    },
  });
});

test('a link that is gone, and a log that is shorter than its chain, are found', async () => {
  await using copy = await copyDatabase(filled);
  const head = links.at(-1)?.position ?? 0;
  await tamper(copy.url, async (sql) => {
    await sql`delete from livefold.chain where position = 1000`;
    await sql`delete from livefold.events where position = ${head}`;
    await sql`delete from livefold.tags where position = ${head}`;
  });
  expect(await faultsOf(copy.url)).toMatchObject({
    code: 1,
    faults: {
      'the hash chain fits the log': [
        `the log ends before position ${head}, whose hash is known`,
        'the chain has no link at position 1000',
      ],
    },
  });
});
