import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { DocumentCache } from '../../src/graphql/document-cache.ts';

const document = parse('{ a }');

test('the least recently used document is forgotten', () => {
  const cache = new DocumentCache({ most: 2, longest: 10 });
  cache.set('a', document);
  cache.set('b', document);
  cache.get('a');
  cache.set('c', document);
  expect(['a', 'b', 'c'].map((text) => cache.get(text) !== undefined)).toEqual([true, false, true]);
});

test('a long document is not kept', () => {
  const cache = new DocumentCache({ most: 2, longest: 10 });
  cache.set('x'.repeat(11), document);
  expect(cache.get('x'.repeat(11))).toBeUndefined();
});
