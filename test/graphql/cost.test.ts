import { buildSchema, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { costOf } from '../../src/graphql/cost.ts';
import { type CounterServer, startCounter } from './counter-server.ts';
import { onlyError, post } from './requests.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(() => server.stop());

const nested = (levels: number, argument: string): string =>
  `${`children${argument} { `.repeat(levels)}name${' }'.repeat(levels)}`;
/** 60 fragments, of which each spreads the next one twice: 2^60 fields. */
const doubling = [
  ...Array.from({ length: 59 }, (_, n) => `fragment F${n} on Node { ...F${n + 1} ...F${n + 1} }`),
  'fragment F59 on Node { name }',
].join(' ');

describe('what costs too much is refused', () => {
  test.each([
    ['pages in a variable', `query ($n: Int) { node { ${nested(3, '(first: $n)')} } }`, { n: 100 }],
    ['pages in a default', `query ($n: Int = 100) { node { ${nested(3, '(first: $n)')} } }`, {}],
    ['pages of the usual size', `{ node { ${nested(4, '')} } }`, {}],
    ['pages behind a null', `query ($n: Int) { node { ${nested(4, '(first: $n)')} } }`, { n: null }],
    ['pages in fragments', `{ node { ...P } } fragment P on Node { ${nested(3, '(first: 100)')} }`, {}],
    ['fragments that double', `{ node { ...F0 } } ${doubling}`, {}],
  ])('%s', async (_, query, variables) => {
    const reply = await post(
      server.graphql,
      { query, variables },
      { accept: 'application/graphql-response+json' },
    );
    expect(reply.status).toBe(400);
    expect(onlyError(reply).extensions).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 'cost' });
  });
});

test('a fragment that spreads itself is refused', async () => {
  const query =
    '{ node { ...A } } fragment A on Node { child { ...B } } fragment B on Node { child { ...A } }';
  expect((await post(server.graphql, { query })).body.errors?.[0]?.extensions.code).toBe(
    'GRAPHQL_VALIDATION_FAILED',
  );
});

test('points are counted as they are documented', () => {
  const schema = buildSchema(
    'type Query { a: Int, node: N, page(first: Int): N, ten(last: Int = 10): N } type N { a: Int, node: N }',
  );
  const points = (text: string, variableValues = {}) =>
    costOf({ schema, document: parse(text), variableValues });
  expect(points('{ a }')).toBe(1);
  expect(points('{ node { a } }')).toBe(3.5);
  expect(points('{ node { node { a } } }')).toBe(7.25);
  expect(points('{ page(first: 4) { a } }')).toBe(14);
  expect(points('query ($n: Int = 3) { page(first: $n) { a } }')).toBe(10.5);
  expect(points('query ($n: Int = 3) { page(first: $n) { a } }', { n: 4 })).toBe(14);
  expect(points('{ ten { a } }')).toBe(35);
  expect(points('{ page { a } }')).toBe(175);
  expect(points('{ ...F b: node { ... on N { a } } } fragment F on Query { a }')).toBe(4.5);
  expect(points('{ __schema { types { name } } __typename }')).toBe(0);
});
