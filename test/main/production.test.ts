import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shop } from '../../src/app/shop.ts';
import { cli, masterKeys } from '../cli/run-livefold.ts';
import { onlyError } from '../graphql/requests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ServedProgram } from '../support/served-program.ts';
import { createTestFolder } from '../support/test-folder.ts';

const secret = 's'.repeat(32);
let database: TestDatabase;
let staff: Record<string, string>;
beforeAll(async () => {
  database = await createTestDatabase(shop.migrations);
  const token = await new SignJWT({ roles: ['staff'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('sam')
    .setIssuer('me')
    .setAudience('shop')
    .setExpirationTime('1h')
    .sign(Buffer.from(secret));
  staff = { authorization: `Bearer ${token}` };
});
afterAll(() => database.drop());

const start = (more: Readonly<Record<string, string>> = {}): Promise<ServedProgram> =>
  ServedProgram.start([cli, 'start'], {
    env: {
      ...{ DATABASE_URL: database.url, LIVEFOLD_KEYS: masterKeys, PORT: '0', NODE_ENV: 'production' },
      ...{ LIVEFOLD_JWT_SECRET: secret, LIVEFOLD_JWT_ISSUER: 'me', LIVEFOLD_JWT_AUDIENCE: 'shop' },
      ...more,
    },
  });
const visit = (program: ServedProgram) => fetch(program.graphql, { headers: { accept: 'text/html' } });

describe('in production', () => {
  let program: ServedProgram;
  beforeAll(async () => {
    program = await start();
  });
  afterAll(() => program[Symbol.asyncDispose]());

  test.each([getIntrospectionQuery(), '{ __type(name: "Order") { name } }'])(
    'the schema is not shown',
    async (query) => {
      const { body } = await program.post(query, undefined, staff);
      expect(body.data).toBeUndefined();
      expect(body.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    },
  );

  test('nor guessed from a field that is nearly right, an argument, a value or a variable', async () => {
    const nearly = [
      '{ prodcts { nodes { sku } } }',
      '{ products(frist: 1) { nodes { sku } } }',
      '{ orders(orderBy: { field: PLACED }) { nodes { id } } }',
    ];
    for (const query of nearly) {
      const reply = await program.post(query, undefined, staff);
      expect(reply.body.errors?.length).toBeGreaterThan(0);
      expect(JSON.stringify(reply.body)).not.toContain('Did you mean');
    }
    const query = 'query ($filter: ProductFilter) { products(filter: $filter) { nodes { sku } } }';
    const reply = await program.post(query, { filter: { nam: { eq: 'Tea' } } }, staff);
    expect(onlyError(reply).extensions.code).toBe('BAD_USER_INPUT');
    expect(JSON.stringify(reply.body)).not.toContain('Did you mean');
  });

  test('there is no GraphiQL', async () => {
    expect((await visit(program)).headers.get('content-type')).not.toContain('html');
    expect(program.stdout).not.toContain('GraphiQL');
  });

  test('what clients are for works', async () => {
    const { body } = await program.post('{ products { nodes { __typename sku } } }', undefined, staff);
    expect(body).toEqual({ data: { products: { nodes: [] } } });
  });
});

test('both can be asked for', async () => {
  await using program = await start({ LIVEFOLD_INTROSPECTION: 'true', LIVEFOLD_GRAPHIQL: 'true' });
  const { body } = await program.post('{ __schema { queryType { name } } }', undefined, staff);
  expect(body).toEqual({ data: { __schema: { queryType: { name: 'Query' } } } });
  expect((await visit(program)).headers.get('content-type')).toContain('html');
});

test('trusted documents, a rate and a time are taken from the environment', async () => {
  await using folder = await createTestFolder();
  const path = join(folder.path, 'documents.json');
  await writeFile(path, JSON.stringify({ p1: '{ products(first: 100) { nodes { sku } } }' }));
  await using program = await start({ LIVEFOLD_DOCUMENTS: path, LIVEFOLD_RATE: '50' });
  expect((await program.post('{ products { nodes { sku } } }', undefined, staff)).body.errors).toMatchObject([
    { extensions: { code: 'UNTRUSTED_DOCUMENT' } },
  ]);
  const ask = (headers: Record<string, string>) =>
    fetch(program.graphql, {
      ...{ method: 'POST', body: '{"documentId":"p1"}' },
      headers: { 'content-type': 'application/json', ...headers },
    });
  expect(await (await ask(staff)).json()).toEqual({ data: { products: { nodes: [] } } });
  expect((await ask(staff)).status).toBe(429);
  // Sam has spent what is Sam's; another caller at the same address has its own.
  expect((await ask({})).status).toBe(200);
});
