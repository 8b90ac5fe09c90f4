import { expect, test } from 'vitest';
import { sampleEvent } from '../../src/consumption/contract/sample-events.ts';
import { everything, matches, type QueryItem, streamQuery } from '../../src/domain/query.ts';

const placed = sampleEvent({ type: 'Placed', stream: 'Order-7', tags: ['order:7', 'customer:1'] });

test.each<[string, readonly QueryItem[], boolean]>([
  ['no item means every event', [], true],
  ['an item that asks nothing means every event', [{}], true],
  ['any of the types', [{ types: ['Other', 'Placed'] }], true],
  ['none of no types', [{ types: [] }], false],
  ['all of the tags', [{ tags: ['customer:1', 'order:7'] }], true],
  ['not only some of the tags', [{ tags: ['order:7', 'customer:2'] }], false],
  ['every part of an item', [{ types: ['Placed'], tags: ['order:7'], stream: 'Order-8' }], false],
  ['any item', [{ stream: 'Order-8' }, { types: ['Placed'] }], true],
])('%s', (_, items, expected) => {
  expect(matches({ items }, placed)).toBe(expected);
});

test('everything and one stream are queries', () => {
  expect([
    matches(everything, placed),
    matches(streamQuery('Order-7'), placed),
    matches(streamQuery('Order'), placed),
  ]).toEqual([true, true, false]);
});
