import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shop } from '../../src/app/shop.ts';
import { readEnvironment } from '../../src/main/environment.ts';
import { serve } from '../../src/main/serve.ts';
import { cli, masterKeys } from '../cli/run-livefold.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Program } from '../support/program.ts';
import { ServedProgram } from '../support/served-program.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(shop.migrations);
});
afterAll(() => database.drop());

const env = (more: Readonly<Record<string, string>> = {}) => ({
  ...{ DATABASE_URL: database.url, LIVEFOLD_KEYS: masterKeys, PORT: '0' },
  ...more,
});

describe('without a way to know callers', () => {
  test('the program says loudly that it is open', async () => {
    await using program = await ServedProgram.start([cli, 'start'], { env: env() });
    await program.line(/EVERYTHING IS OPEN/);
    expect(program.stdout).not.toContain('EVERYTHING IS OPEN');
    expect(await program.data('{ projections { name } }')).toBeDefined();
  });

  test('in production it does not start, and says what to set', async () => {
    await using program = new Program([cli, 'start'], { env: env({ NODE_ENV: 'production' }) });
    expect((await program.ended).code).toBe(1);
    expect(program.output).toMatch(/OPEN_IN_PRODUCTION: .*LIVEFOLD_JWKS_URL.*LIVEFOLD_JWT_ISSUER/);
    expect(program.output).not.toContain('Livefold is running');
  });

  test('nor does a program that serves a backend itself, unless the backend knows callers', async () => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    const options = { databaseUrl: database.url, masterKeys, port: 0 };
    try {
      await expect(serve(shop, options)).rejects.toMatchObject({ code: 'OPEN_IN_PRODUCTION' });
      await using served = await serve(
        { ...shop, authenticate: async () => ({ subject: 'ada', roles: [] }) },
        options,
      );
      expect(served.port).toBeGreaterThan(0);
    } finally {
      process.env.NODE_ENV = before;
    }
  });
});

describe('the environment', () => {
  const whole = {
    LIVEFOLD_JWT_SECRET: 's'.repeat(32),
    LIVEFOLD_JWT_ISSUER: 'me',
    LIVEFOLD_JWT_AUDIENCE: 'shop',
  };
  const invalid = (name: string) =>
    expect.objectContaining({ code: 'INVALID_ENVIRONMENT', fields: { name } });

  test('says which tokens are believed', () => {
    expect(readEnvironment({}).jwt).toBeUndefined();
    expect(readEnvironment(whole).jwt).toEqual({
      key: { secret: 's'.repeat(32) },
      ...{ issuer: 'me', audience: 'shop', clockTolerance: 5 },
    });
    const { LIVEFOLD_JWT_SECRET: _, ...rest } = whole;
    const pem = { ...rest, LIVEFOLD_JWT_PUBLIC_KEY: 'a\\nb', LIVEFOLD_JWT_ROLES_CLAIM: 'realm_access.roles' };
    expect(readEnvironment(pem).jwt).toMatchObject({
      key: { publicKey: 'a\nb' },
      rolesClaim: 'realm_access.roles',
    });
  });

  test('says for how long they are believed at most', () => {
    const ageOf = (text: string) => readEnvironment({ LIVEFOLD_TOKEN_MAX_AGE: text }).storage.maxTokenAge;
    expect([ageOf(''), ageOf('86400')]).toEqual([undefined, 86_400]);
    for (const text of ['0', '-1', '1h', '1.5'])
      expect(() => ageOf(text)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ENVIRONMENT',
          fields: { name: 'LIVEFOLD_TOKEN_MAX_AGE', value: text },
        }),
      );
  });

  test.each([
    ['a key without an issuer', { ...whole, LIVEFOLD_JWT_ISSUER: '' }, 'LIVEFOLD_JWT_ISSUER'],
    ['a key without an audience', { ...whole, LIVEFOLD_JWT_AUDIENCE: '' }, 'LIVEFOLD_JWT_AUDIENCE'],
    ['an audience without a key', { LIVEFOLD_JWT_AUDIENCE: 'shop' }, 'LIVEFOLD_JWT_AUDIENCE'],
    ['two keys', { ...whole, LIVEFOLD_JWKS_URL: 'https://a.example' }, 'LIVEFOLD_JWKS_URL'],
    [
      'a tolerance that is no number',
      { ...whole, LIVEFOLD_JWT_CLOCK_TOLERANCE: '1m' },
      'LIVEFOLD_JWT_CLOCK_TOLERANCE',
    ],
  ])('with %s is refused, without the secret in the message', (_, given, name) => {
    expect(() => readEnvironment(given)).toThrow(invalid(name));
    expect(() => readEnvironment(given)).not.toThrow(/ssss/);
  });
});
