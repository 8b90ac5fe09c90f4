import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CounterServer, startCounter } from './counter-server.ts';
import { onlyError, post } from './requests.ts';
import { type Answer, codesOf, transports } from './transports.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(() => server.stop());

const deep = (levels: number): string =>
  `{ node ${'{ child '.repeat(levels - 2)}{ name }${' }'.repeat(levels - 2)} }`;
const many = (count: number, one: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => one(n)).join(' ');
/** Each fragment spreads the next one twice: flattened they are 2^20 fields. */
const doubling = `{ node { ...F0 } } ${many(20, (n) => `fragment F${n} on Node { child { ...F${n + 1} } child { ...F${n + 1} } }`)} fragment F20 on Node { name }`;
const tooMuch: readonly (readonly [string, string, string])[] = [
  ['depth', 'levels', deep(13)],
  [
    'depth',
    'levels in a fragment',
    `fragment F on Node ${deep(12).replace('{ node', '').replace(/ }$/, '')} { node { child { ...F } } }`,
  ],
  ['aliases', 'aliases', `{ ${many(31, (n) => `a${n}: count`)} }`],
  ['aliases', 'aliases of types', `{ ${many(31, (n) => `a${n}: __type(name: "Node") { name }`)} }`],
  ['aliases', 'repeats', `{ ${'node { name } '.repeat(101)} }`],
  [
    'aliases',
    'repeats in fragments',
    `{ node { ...A ...B } } ${many(2, (n) => `fragment ${'AB'[n]} on Node { ${'child { name } '.repeat(51)} }`)}`,
  ],
  ['tokens', '10,000 aliases', `{ ${many(10_000, (n) => `a${n}: count`)} }`],
  ['tokens', '10,000 tokens in one field', `{ total(lines: [${'{} '.repeat(5_000)}]) }`],
  ['directives', 'directives', `{ count ${'@include(if: true) '.repeat(51)} }`],
  ['tokens', '5,000 directives', `{ count ${'@include(if: true) '.repeat(5_000)} }`],
  ['tokens', 'fields', `{ ${'count '.repeat(2_000)} }`],
  ['tokens', '3,000 operations', `{ count } ${many(3_000, (n) => `query Q${n} { count }`)}`],
  ['depth', 'fragments that spread two others each', doubling],
  ['cost', 'a page', '{ node { children(first: 100000) { name } } }'],
];

function limitsOf({ errors = [] }: Answer): readonly unknown[] {
  const beyond = errors.filter(({ extensions }) => extensions.code === 'LIMIT_EXCEEDED');
  return [...new Set(beyond.map(({ extensions }) => extensions.limit))];
}

describe.each(transports)('over %s', (name, ask) => {
  test.each(tooMuch)('a document beyond the limit of %s is refused: %s', async (limit, _, query) => {
    const answer = await ask(server, { query });
    expect(answer.data).toBeUndefined();
    // What is longer than the headers of a request may be comes to nothing before that.
    const isTooLong = name === 'HTTP GET' && String(new URLSearchParams({ query })).length > 16_000;
    const refused = isTooLong ? codesOf(answer) : limitsOf(answer);
    expect(refused).toEqual(isTooLong ? ['HTTP 431'] : [limit]);
  });

  test('what is at the limit passes', async () => {
    expect(await ask(server, { query: deep(12) })).not.toHaveProperty('errors');
  });
});

test('a document beyond a limit is refused with 400', async () => {
  const reply = await post(
    server.graphql,
    { query: deep(13) },
    { accept: 'application/graphql-response+json' },
  );
  expect(reply.status).toBe(400);
});

test('introspection and a document at the limit pass', async () => {
  const introspection = await post(server.graphql, {
    query: getIntrospectionQuery({ inputValueDeprecation: true }),
  });
  expect(introspection.body.errors).toBeUndefined();
  expect((await post(server.graphql, { query: deep(12) })).body.errors).toBeUndefined();
});

test('a limit can be set', async () => {
  const narrow = await startCounter({ limits: { depth: 2, bodyBytes: 100 } });
  expect(onlyError(await post(narrow.graphql, { query: deep(3) })).message).toBe(
    'The operation is deeper than 2 levels.',
  );
  expect((await post(narrow.graphql, { query: `{ count } # ${'x'.repeat(100)}` })).status).toBe(413);
  await narrow.stop();
});
