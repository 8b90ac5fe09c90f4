import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shop } from '../../src/app/shop.ts';
import { findWords } from '../app/erasure/plaintext.ts';
import { addProduct, placeOrder, registerUser } from '../app/operations.ts';
import { cli } from '../clients/shop.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Program } from '../support/program.ts';
import { ServedProgram } from '../support/served-program.ts';
import { createTestFolder, type TestFolder } from '../support/test-folder.ts';

let database: TestDatabase;
let folder: TestFolder;
let sql: Sql;
beforeAll(async () => {
  [database, folder] = await Promise.all([createTestDatabase(shop.migrations), createTestFolder()]);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
  await folder[Symbol.asyncDispose]();
});

const env = (settings: Readonly<Record<string, string>>) => ({
  ...{ DATABASE_URL: database.url, LIVEFOLD_DATA: folder.path, PORT: '0', ...settings },
});

const long = 'Genmaicha with roasted rice '.repeat(6).trim();

/** Adds a product and a user and has the user order it, by a program with these settings: four events. */
async function trade(name: string, settings: Readonly<Record<string, string>>) {
  await using program = await ServedProgram.start([cli, 'start'], { env: env(settings) });
  await program.data(addProduct, { input: { sku: name, name: `${name} ${long}`, price: '2' } });
  await program.data(registerUser, { input: { id: name, name: `Customer ${name}` } });
  const lines = [{ sku: name, quantity: 1 }];
  await program.data(placeOrder, { input: { orderId: name, customerId: name, lines } });
  await program.data(addProduct, { input: { sku: `${name}-2`, name: 'Short', price: '2' } });
  const { notificationLog } = await program.data('{ notificationLog(first: 100) { nodes { type data } } }');
  return notificationLog.nodes.map(({ type, data }: { type: string; data: { name?: string } }) => [
    type,
    data.name,
  ]);
}

/** What is stored of the events behind a position: plain, and the second byte of the sealed ones, which says how. */
async function storedBehind(position: number) {
  const rows = await sql<{ data: unknown; sealed: Buffer | null; row: string }[]>`
    select data, sealed, e::text as row from livefold.events e where position > ${position} order by position`;
  return {
    forms: rows.map(({ data, sealed }) => (sealed === null ? 'plain' : data === null ? sealed[1] : 'both')),
    text: Buffer.from(rows.map(({ row }) => row).join('\n')),
  };
}

const eventsOf = (name: string) => [
  ['ProductAdded', `${name} ${long}`],
  ['UserRegistered', `Customer ${name}`],
  ['OrderPlaced', undefined],
  ['ProductAdded', 'Short'],
];
const words = { product: 'Genmaicha', short: 'Short', customer: 'Customer' };
const [compressed, encrypted] = [1, 4];

test('a database turns to sealed events and back, and what was stored before is read all the same', async () => {
  expect(await trade('plain', {})).toEqual(eventsOf('plain'));
  const plain = await storedBehind(0);
  expect(plain.forms).toEqual(['plain', 'plain', 'plain', 'plain']);
  expect(findWords(words, plain.text)).toEqual(['product (plain)', 'short (plain)'].flatMap(everyForm));

  const sealed = { LIVEFOLD_ENCRYPT: 'true', LIVEFOLD_COMPRESS_FROM: '200' };
  expect(await trade('sealed', sealed)).toEqual([...eventsOf('plain'), ...eventsOf('sealed')]);
  const { forms, text } = await storedBehind(4);
  expect(forms).toEqual([compressed + encrypted, expect.any(Number), compressed + encrypted, encrypted]);
  expect((Number(forms[1]) & encrypted) !== 0).toBe(true);
  expect(findWords(words, text)).toEqual([]);

  await trade('small', { LIVEFOLD_COMPRESS_FROM: '200' });
  const small = await storedBehind(8);
  expect(small.forms).toEqual([compressed, expect.anything(), compressed, 'plain']);
  expect(findWords({ product: words.product, customer: words.customer }, small.text)).toEqual([]);

  const all = await trade('back', {});
  expect(all).toEqual(['plain', 'sealed', 'small', 'back'].flatMap(eventsOf));
  expect((await storedBehind(12)).forms).toEqual(['plain', 'plain', 'plain', 'plain']);

  await using verify = new Program([cli, 'verify'], { env: env({}) });
  expect([(await verify.ended).code, verify.output]).toEqual([0, expect.not.stringContaining('✗')]);
});

test.each([
  ['LIVEFOLD_ENCRYPT', 'yes'],
  ['LIVEFOLD_COMPRESS_FROM', 'large'],
])('%s=%s is refused', async (name, value) => {
  await using program = new Program([cli, 'start'], { env: env({ [name]: value }) });
  expect((await program.ended).code).toBe(1);
  expect(program.output).toContain(`INVALID_ENVIRONMENT: ${name}=${value} cannot be used`);
});

/** A word without quotes, or letters beyond ASCII, is the same in JSON as it is. */
function everyForm(found: string): readonly string[] {
  return ['plain', 'JSON', 'escaped JSON'].map((form) => found.replace('plain', form));
}
