import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../src/main/environment.ts';

const production = { NODE_ENV: 'production' };

describe('the guards of a server', () => {
  test('are low where one develops', () => {
    expect(readEnvironment({}).guards).toEqual({
      ...{ graphiql: true, introspection: true, origins: [], proxies: 0, documents: undefined },
      limits: { rate: Infinity, operationTime: 30_000 },
    });
  });

  test('are up in production', () => {
    expect(readEnvironment(production).guards).toMatchObject({
      ...{ graphiql: false, introspection: false },
      limits: { rate: 100_000 },
    });
  });

  test('are set one by one', () => {
    const given = {
      ...production,
      LIVEFOLD_GRAPHIQL: 'true',
      LIVEFOLD_INTROSPECTION: 'true',
      LIVEFOLD_ORIGINS: 'https://shop.example, http://localhost:3000',
      LIVEFOLD_PROXIES: '2',
      LIVEFOLD_RATE: '0',
      LIVEFOLD_TIMEOUT: '5',
    };
    expect(readEnvironment(given).guards).toMatchObject({
      ...{ graphiql: true, introspection: true, proxies: 2 },
      origins: ['https://shop.example', 'http://localhost:3000'],
      limits: { rate: Infinity, operationTime: 5_000 },
    });
  });

  test.each([
    ['LIVEFOLD_GRAPHIQL', 'yes'],
    ['LIVEFOLD_INTROSPECTION', '1'],
    ['LIVEFOLD_ORIGINS', 'shop.example'],
    ['LIVEFOLD_ORIGINS', 'https://shop.example/page'],
    ['LIVEFOLD_ORIGINS', '*'],
    ['LIVEFOLD_PROXIES', '-1'],
    ['LIVEFOLD_RATE', 'many'],
    ['LIVEFOLD_TIMEOUT', '0'],
  ])('%s=%s is refused', (name, value) => {
    expect(() => readEnvironment({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'INVALID_ENVIRONMENT', fields: expect.objectContaining({ name }) }),
    );
  });

  test('documents that cannot be read are refused', () => {
    expect(() => readEnvironment({ LIVEFOLD_DOCUMENTS: 'not-there.json' })).toThrow(
      expect.objectContaining({ code: 'INVALID_DOCUMENTS' }),
    );
  });
});
