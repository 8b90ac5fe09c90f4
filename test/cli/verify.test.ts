import type { TransactionSql } from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Audit } from '../../src/consumption/audit/verify-log.ts';
import type { TestDatabase } from '../support/database.ts';
import { copyDatabase, tamper } from './copy-database.ts';
import { createFilledShop } from './filled-shop.ts';
import { runLivefold } from './run-livefold.ts';

let filled: TestDatabase;
let clean: Audit;
beforeAll(async () => {
  filled = await createFilledShop();
  const { code, stdout, output } = await verify(filled.url);
  if (code !== 0) throw new Error(output);
  clean = JSON.parse(stdout);
});
afterAll(() => filled.drop());

const verify = (databaseUrl: string, ...args: readonly string[]) =>
  runLivefold(['verify', '--json', ...args], { databaseUrl });

/** What is wrong, and what was not looked at, by check. */
function faultsOf({ findings }: Audit): Record<string, unknown> {
  return Object.fromEntries(
    findings
      .filter(({ faults, skipped }) => faults > 0 || skipped !== undefined)
      .map(({ check, examples, skipped }) => [check, skipped ?? examples]),
  );
}

const unasked = {
  'the hash chain fits the log': 'no hash chain is kept',
  'hashes are as expected': 'no hash was given',
};
const readTables = ['users', 'products', 'orders', 'dailySales', 'salesByCountry'];
const allRows = (reason: string) => Object.fromEntries(readTables.map((name) => [`rows of ${name}`, reason]));

/** The first event of a type in a stream. */
async function eventOf(sql: TransactionSql, type: string, stream = '%') {
  const [event] = await sql<{ position: number; stream: string; version: number }[]>`
    select position::int, stream, version from livefold.events where type = ${type} and stream like ${stream} order by position limit 1`;
  if (event === undefined) throw new Error(`no ${type}`);
  return event;
}

type Faults = Record<string, unknown>;

const tamperings: readonly (readonly [string, (sql: TransactionSql) => Promise<Faults>])[] = [
  [
    'an event deleted in the middle',
    async (sql) => {
      const { position, stream, version } = await eventOf(sql, 'OrderPlaced', '%o0');
      const [next] =
        await sql`select position::int, version from livefold.events where stream = ${stream} and version = ${version + 1}`;
      await sql`delete from livefold.events where position = ${position}`;
      return {
        'positions are dense': [`position ${position} is missing`],
        'versions are contiguous': [
          `the stream "${stream}" has version ${next?.version} at position ${next?.position}, where ${version} was to come`,
        ],
        'the index of tags is complete': [
          `the index has the tag "customer:ada" for position ${position}, whose event has not`,
        ],
        ...allRows('events are missing, of which they may have been made'),
      };
    },
  ],
  [
    'the last events deleted',
    async (sql) => {
      await sql`delete from livefold.tags where position >= ${clean.position}`;
      await sql`delete from livefold.events where position >= ${clean.position}`;
      const ends = `the log ends at position ${clean.position - 1}`;
      return Object.fromEntries([
        [
          'keys are as the log says',
          expect.arrayContaining([expect.stringContaining('no event forgets "user:eve"')]),
        ],
        ...readTables.map((name) => [
          `rows of ${name}`,
          [`the projection has come to position ${clean.position}, and ${ends}`],
        ]),
      ]);
    },
  ],
  [
    'data changed into other data that fits',
    async (sql) => {
      const { position } = await eventOf(sql, 'OrderPlaced', '%o0');
      await sql`update livefold.events set data = jsonb_set(data, '{total}', '"9999"') where position = ${position}`;
      return {
        'rows of users': ['the row "ada" differs in totalSpent'],
        'rows of orders': ['the row "o0" differs in total'],
        'rows of dailySales': [expect.stringMatching(/differs in revenue$/)],
        'rows of salesByCountry': ['the row "Norway" differs in revenue'],
      };
    },
  ],
  [
    'data changed into data that does not fit',
    async (sql) => {
      const { position, stream } = await eventOf(sql, 'ProductAdded');
      await sql`update livefold.events set data = data - 'name' where position = ${position}`;
      return {
        'events are readable': [
          expect.stringContaining(
            `1 × ProductAdded version 1, first at position ${position}: INVALID_EVENT: The data of event ProductAdded of the stream "${stream}" is not valid: name:`,
          ),
        ],
        'rows of products': `position ${position} cannot be read, of which they may have been made`,
      };
    },
  ],
  [
    'a version changed',
    async (sql) => {
      const { position, stream } = await eventOf(sql, 'OrderPaid', '%o0');
      await sql`update livefold.events set version = 7 where position = ${position}`;
      return {
        'versions are contiguous': [
          `the stream "${stream}" has version 7 at position ${position}, where 2 was to come`,
        ],
      };
    },
  ],
  [
    'recorded times swapped',
    async (sql) => {
      const { position } = await eventOf(sql, 'ProductAdded');
      await sql`update livefold.events as e set recorded_at = o.recorded_at from livefold.events as o
        where (e.position, o.position) in ((${position}, ${clean.position}), (${clean.position}, ${position}))`;
      return {
        'recorded times never fall': [
          expect.stringContaining(`position ${position + 1} was recorded at `),
          expect.stringContaining(`position ${clean.position} was recorded at `),
        ],
      };
    },
  ],
  [
    'an entry of the index of tags removed and another added',
    async (sql) => {
      const { position } = await eventOf(sql, 'OrderPaid', '%o0');
      await sql`update livefold.tags set tag = 'customer:x' where position = ${position} and tag = 'customer:ada'`;
      return {
        'the index of tags is complete': [
          `the tag "customer:ada" of position ${position} is not in the index`,
          `the index has the tag "customer:x" for position ${position}, whose event has not`,
        ],
      };
    },
  ],
  [
    'read rows changed, deleted and added',
    async (sql) => {
      await sql`update orders set total = total + 1, status = 'lost' where id = 'o2'`;
      await sql`update users set position = position + 100000 where id = 'bob'`;
      await sql`delete from products where sku = 'POT'`;
      await sql`insert into users (id, name, order_count, total_spent, registered_at, position) values ('mallory', 'M', 0, 0, now(), 1)`;
      return {
        'rows of users': ['the row "mallory" should not be there', 'the row "bob" differs in position'],
        'rows of products': ['the row "POT" is missing'],
        'rows of orders': ['the row "o2" differs in status, total'],
      };
    },
  ],
  [
    "a person's key taken away",
    async (sql) => {
      const { position } = await eventOf(sql, 'UserRegistered', '%ada');
      await sql`update livefold.keys set wrapped = null where subject = 'user:ada'`;
      return {
        'keys are as the log says': [
          `the key of "user:ada", which sealed position ${position}, is destroyed, and no event forgets "user:ada"`,
        ],
        'rows of users': ['the row "ada" differs in email, name, country'],
      };
    },
  ],
  [
    "a person's key damaged",
    async (sql) => {
      const { position } = await eventOf(sql, 'UserRegistered', '%ada');
      await sql`update livefold.keys set wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20)) where subject = 'user:ada'`;
      return {
        'events are readable': [
          expect.stringMatching(
            `^1 × UserRegistered version 1, first at position ${position}: WRONG_MASTER_KEY: `,
          ),
        ],
        'rows of users': `position ${position} cannot be read, of which they may have been made`,
      };
    },
  ],
  [
    'the key of one who was forgotten brought back',
    async (sql) => {
      const { position } = await eventOf(sql, 'UserForgotten');
      await sql`update livefold.keys set wrapped = '\\x01' where subject = 'user:eve'`;
      const { position: registered } = await eventOf(sql, 'UserRegistered', '%eve');
      return {
        'keys are as the log says': [
          `position ${position} forgets "user:eve", whose key is there all the same`,
        ],
        'events are readable': [
          expect.stringMatching(
            `^1 × UserRegistered version 1, first at position ${registered}: WRONG_MASTER_KEY: `,
          ),
        ],
        'rows of users': `position ${registered} cannot be read, of which they may have been made`,
      };
    },
  ],
  [
    'sealed data damaged',
    async (sql) => {
      const { position } = await eventOf(sql, 'EmailChanged');
      await sql`update livefold.events set data = jsonb_set(data, '{$personal,0,sealed}', '"AQQB"') where position = ${position}`;
      return {
        'events are readable': [
          expect.stringMatching(
            `^1 × EmailChanged version 1, first at position ${position}: SEALED_DATA_DAMAGED: `,
          ),
        ],
        'rows of users': `position ${position} cannot be read, of which they may have been made`,
      };
    },
  ],
  [
    'types that nobody knows',
    async (sql) => {
      const { position } = await eventOf(sql, 'OrderPaid');
      await sql`update livefold.events set type = 'OrderPayed' where type = 'OrderPaid'`;
      return {
        'events are readable': [
          expect.stringMatching(
            `^4 × OrderPayed version 1, first at position ${position}: UNKNOWN_EVENT_TYPE: `,
          ),
        ],
        ...allRows(`position ${position} cannot be read, of which they may have been made`),
      };
    },
  ],
];

test('of a log that is whole nothing is said but its hash', async () => {
  expect(faultsOf(clean)).toEqual(unasked);
  const { code, stdout } = await runLivefold(['verify'], { databaseUrl: filled.url });
  expect(code).toBe(0);
  expect(stdout).not.toContain('✗');
  expect(stdout).toContain(`The log's hash is ${clean.position}:${clean.hash}.`);
  for (const { check, checked } of clean.findings.filter(({ skipped }) => skipped === undefined)) {
    expect(checked, check).toBeGreaterThan(0);
    expect(stdout).toMatch(new RegExp(`✓ ${check} +${checked} looked at\n`));
  }
});

test.each(tamperings)('%s: found, named, and nothing else', async (_, change) => {
  await using copy = await copyDatabase(filled);
  const expected = await tamper(copy.url, change);
  const { code, stdout } = await verify(copy.url);
  expect(faultsOf(JSON.parse(stdout))).toEqual({ ...unasked, ...expected });
  expect(code).toBe(1);
});

test('a fault is told for people too', async () => {
  await using copy = await copyDatabase(filled);
  await tamper(copy.url, (sql) => sql`update orders set total = 0 where id = 'o2'`);
  const { code, stdout } = await runLivefold(['verify'], { databaseUrl: copy.url });
  expect(stdout).toMatch(/✗ rows of orders +6 looked at, 1 wrong\n {4}the row "o2" differs in total\n/);
  expect(code).toBe(1);
});

test('a sample compares some of the rows, the same ones each time', async () => {
  const rowsOf = async (...args: readonly string[]) =>
    (JSON.parse((await verify(filled.url, ...args)).stdout) as Audit).findings
      .filter(({ check }) => check.startsWith('rows of'))
      .map(({ checked }) => checked);
  const [whole, some, again] = [await rowsOf(), await rowsOf('--sample', '3'), await rowsOf('--sample', '3')];
  const sum = (counts: readonly number[]) => counts.reduce((one, other) => one + other);
  expect(sum(some)).toBeGreaterThan(0);
  expect(sum(some)).toBeLessThan(sum(whole));
  expect(again).toEqual(some);
});

test('a hash that was kept finds any change before it, and none behind it', async () => {
  await using copy = await copyDatabase(filled);
  const kept = `${clean.position}:${clean.hash}`;
  expect((await verify(copy.url, '--expect', kept)).code).toBe(0);
  await tamper(copy.url, (sql) => sql`update livefold.events set actor = 'nobody' where position = 3`);
  const { code, stdout } = await verify(copy.url, '--expect', kept);
  expect(faultsOf(JSON.parse(stdout))).toEqual({
    'the hash chain fits the log': 'no hash chain is kept',
    'hashes are as expected': [`positions 1 to ${clean.position} are not what they were`],
  });
  expect(code).toBe(1);
  const beyond = `${clean.position + 1}:${clean.hash}`;
  expect(faultsOf(JSON.parse((await verify(filled.url, '--expect', beyond)).stdout))).toMatchObject({
    'hashes are as expected': [`the log ends before position ${clean.position + 1}, whose hash is known`],
  });
});

test.each([
  ['--sample', '0'],
  ['--sample', 'x'],
  ['--expect', '7'],
])('%s %s is refused with a sentence that says what it takes', async (option, value) => {
  const { code, output } = await runLivefold(['verify', option, value]);
  expect(output).toContain(`argument '${value}' is invalid. It is a `);
  expect(code).toBe(1);
});
