import { expect, test } from 'vitest';
import { IndependentBatch } from '../../../src/adapters/postgres/independent-batch.ts';
import type { AppendItem } from '../../../src/persistence/event-store.ts';
import { itemOn } from './sample-item.ts';

/** Whether each item in turn was taken. */
function taken(...items: readonly AppendItem[]): readonly boolean[] {
  const batch = new IndependentBatch();
  return items.map((item) => batch.add(item));
}

test('items on different streams are independent', () => {
  expect(taken(itemOn('a', { expected: 0 }), itemOn('b', { expected: 'streamExists' }), itemOn('c'))).toEqual(
    [true, true, true],
  );
});

test('items that expect nothing of a stream may all write it', () => {
  expect(taken(itemOn('a'), itemOn('a'), itemOn('a'))).toEqual([true, true, true]);
});

test('no item expects something of a stream that another writes', () => {
  expect(taken(itemOn('a'), itemOn('a', { expected: 1 }))).toEqual([true, false]);
  expect(taken(itemOn('a', { expected: 0 }), itemOn('a'))).toEqual([true, false]);
});

test('two may expect something of a stream that neither writes', () => {
  const expecting = (stream: string): AppendItem => ({
    ...itemOn(stream),
    expected: [{ stream: 'other', version: 3 }],
  });
  expect(taken(expecting('a'), expecting('b'))).toEqual([true, true]);
});

test('a command id comes once', () => {
  expect(
    taken(itemOn('a', { commandId: '1' }), itemOn('b', { commandId: '1' }), itemOn('c', { commandId: '2' })),
  ).toEqual([true, false, true]);
});

test('no condition may be broken by an event of the same batch, whichever comes first', () => {
  const guarded = itemOn('a', { condition: { items: [{ tags: ['email:x'] }] } });
  expect(taken(guarded, itemOn('b', { tags: ['email:x'] }), itemOn('c', { tags: ['email:y'] }))).toEqual([
    true,
    false,
    true,
  ]);
  expect(taken(itemOn('b', { tags: ['email:x'] }), guarded)).toEqual([true, false]);
});

test('a condition over every event goes alone', () => {
  expect(taken(itemOn('a', { condition: { items: [] } }), itemOn('b'))).toEqual([true, false]);
});

test('an item that was left out leaves no trace in the batch', () => {
  const leftOut = itemOn('b', { commandId: '1', expected: 0 });
  expect(taken(itemOn('a', { commandId: '1' }), leftOut, itemOn('b'))).toEqual([true, false, true]);
});

test('a batch is full at 1,000 events, but one larger item is a batch of its own', () => {
  const many = (count: number): AppendItem => ({
    events: Array.from({ length: count }, () => itemOn('a').events).flat(),
  });
  expect(taken(many(600), many(400), many(1))).toEqual([true, true, false]);
  expect(taken(many(1_500), many(1))).toEqual([true, false]);
});

test('an item of any number of events is a batch', () => {
  const [event] = itemOn('a').events;
  expect(taken({ events: Array.from({ length: 200_000 }, () => event ?? expect.fail()) })).toEqual([true]);
});
