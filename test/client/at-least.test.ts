import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { AtLeast } from '../../src/client.ts';

const query = parse('query ($id: ID!, $atLeast: Position) { order(id: $id, atLeast: $atLeast) { id } }');
const receipt = (position: string) => ({ receipt: { position } });

test('a query is given the highest position of the receipts that were seen', () => {
  const atLeast = new AtLeast();
  expect(atLeast.fill(query, { id: 'a' })).toEqual({ id: 'a' });
  atLeast.note({ placeOrder: receipt('9') });
  atLeast.note({ first: receipt('12'), second: receipt('10') });
  expect(atLeast.fill(query, { id: 'a' })).toEqual({ id: 'a', atLeast: '12' });
});

test('what the caller says counts, null too', () => {
  const atLeast = new AtLeast();
  atLeast.note({ placeOrder: receipt('12') });
  expect(atLeast.fill(query, { atLeast: '3' })).toEqual({ atLeast: '3' });
  expect(atLeast.fill(query, { atLeast: null })).toEqual({ atLeast: null });
  expect(atLeast.fill(query, { atLeast: undefined })).toEqual({ atLeast: '12' });
});

test.each([
  'query ($id: ID!) { order(id: $id) { id } }',
  'query ($atLeast: Int) { orders(first: $atLeast) { nodes { id } } }',
  'query ($atLeast: [Position!]) { head }',
  'mutation ($atLeast: Position) { touch(atLeast: $atLeast) }',
])('an operation that does not declare it is left as it is: %s', (text) => {
  const atLeast = new AtLeast();
  atLeast.note({ placeOrder: receipt('12') });
  expect(atLeast.fill(parse(text), {})).toEqual({});
});

test('answers without receipts are no harm', () => {
  const atLeast = new AtLeast();
  for (const data of [null, undefined, {}, { a: null }, { a: { receipt: null } }, { a: { receipt: {} } }])
    atLeast.note(data);
  expect(atLeast.fill(query, {})).toEqual({});
});
