import { buildSchema, parse, print, validate } from 'graphql';
import { expect, test } from 'vitest';
import { readLiveOperation } from '../../src/client/live-operation.ts';

const schema = buildSchema(`
  scalar Position
  type Row { id: ID!, name: String }
  type Changes { kind: String!, position: Position!, upserted: [Row!]!, removed: [ID!]!, live: Boolean! }
  type Notification { position: Position!, id: ID! }
  input Filter { name: String }
  type Query { head: Position! }
  type Subscription {
    rows(filter: Filter, after: Position): Changes!
    notifications(after: Position): Notification!
    row(id: ID!, after: Position): Row
    projections: [Row!]!
  }
`);

function read(query: string, operationName?: string) {
  const live = readLiveOperation({ query, operationName });
  if (live !== undefined) expect(validate(schema, parse(live.query))).toEqual([]);
  return live;
}

/** A document as `print` writes it. */
const tidy = (query: string): string => print(parse(query));

test('a live field gets `after` and what its frames are folded by', () => {
  expect(read('subscription { rows { upserted { id } } }')).toEqual({
    query: tidy(
      'subscription ($livefoldAfter: Position) { rows(after: $livefoldAfter) { upserted { id } kind position removed live } }',
    ),
    ...{ variable: 'livefoldAfter', field: 'rows', responseName: 'rows', hasRows: true },
  });
});

test('what is there already stays as it is', () => {
  const query =
    'subscription Watch($from: Position) { mine: rows(after: $from) { kind position upserted { id } removed live } }';
  expect(read(query)).toEqual({
    query: tidy(query),
    ...{ variable: 'from', field: 'rows', responseName: 'mine', hasRows: true },
  });
});

test('rows are also seen in fragments', () => {
  const query =
    'subscription { rows { ... on Changes { ...Parts } } } fragment Parts on Changes { kind upserted { id } }';
  expect(read(query)).toMatchObject({ hasRows: true });
});

test('a position written into the document is where it begins', () => {
  const live = read('subscription { rows(filter: { name: "a" }, after: "12") { upserted { id } } }');
  expect(live?.query).toContain('($livefoldAfter: Position = "12")');
  expect(live?.query).toContain('rows(filter: {name: "a"}, after: $livefoldAfter)');
});

test('the log is resumed, and so is whatever is given `after`', () => {
  expect(read('subscription { notifications { id } }')?.query).toBe(
    tidy('subscription ($livefoldAfter: Position) { notifications(after: $livefoldAfter) { id } }'),
  );
  expect(read('subscription ($p: Position) { row(id: "a", after: $p) { name } }')).toMatchObject({
    variable: 'p',
    hasRows: false,
  });
});

test('of several operations the one that is named counts', () => {
  const query = 'subscription A { projections { id } } subscription B { rows { upserted { id } } }';
  expect(read(query, 'A')).toBeUndefined();
  expect(read(query, 'B')).toMatchObject({ field: 'rows' });
});

test.each([
  'subscription { projections { id } }',
  'subscription { row(id: "a") { name } }',
  'subscription { rows { changed: upserted { id } } }',
  'query { head }',
])('nothing is added to %s', (query) => {
  expect(read(query)).toBeUndefined();
});
