import { expect, test } from 'vitest';
import { type ChangeBatch, ChangeFeed } from '../../src/consumption/change-feed.ts';

/** A batch with so many changes. */
function batch(after: number, to: number, changes = 1): ChangeBatch {
  const change = { key: 'a', before: undefined, after: undefined, position: to };
  return { after, to, changes: Array.from({ length: changes }, () => change) };
}

function feedFrom(position: number, ...batches: readonly ChangeBatch[]): ChangeFeed {
  const feed = new ChangeFeed(position);
  for (const one of batches) feed.publish(one);
  return feed;
}

const unknown = (after: number, to: number): ChangeBatch => ({ after, to, changes: null });

test('a client at the end of a batch gets the next one', () => {
  const feed = feedFrom(5, batch(5, 6), batch(6, 9));
  expect(feed.next(5)).toEqual(batch(5, 6));
  expect(feed.next(6)).toEqual(batch(6, 9));
  expect(feed.next(9)).toBeUndefined();
});

test('batches that change nothing move the position and leave nothing to get', () => {
  const feed = feedFrom(0, batch(0, 2), batch(2, 5, 0), batch(5, 7), batch(7, 8, 0));
  expect(feed.position).toBe(8);
  expect(feed.next(2)).toEqual(batch(5, 7));
  expect(feed.next(4)).toEqual(batch(5, 7));
  expect(feed.next(7)).toBeUndefined();
});

test('what is before the memory is not known', () =>
  expect(feedFrom(5, batch(5, 6)).next(3)).toEqual(unknown(3, 6)));

test('inside a batch it is not known what the rows were', () =>
  expect(feedFrom(0, batch(0, 4), batch(4, 6)).next(2)).toEqual(unknown(2, 6)));

test("another process's changes are not known, those behind them are", () => {
  const feed = feedFrom(0, unknown(0, 4), batch(4, 6));
  expect(feed.next(0)).toEqual(unknown(0, 4));
  expect(feed.next(4)).toEqual(batch(4, 6));
});

test('memory keeps the last ten thousand changes', () => {
  const feed = feedFrom(0, batch(0, 1, 4_000), batch(1, 2, 4_000), batch(2, 3, 2_000), batch(3, 4, 1));
  expect(feed.next(0)).toEqual(unknown(0, 4));
  expect(feed.next(1)).toEqual(batch(1, 2, 4_000));
});

test('a batch that is larger than the memory is not kept', () => {
  const feed = feedFrom(0, batch(0, 1), batch(1, 2, 10_001), batch(2, 3));
  expect(feed.next(1)).toEqual(unknown(1, 3));
  expect(feed.next(2)).toEqual(batch(2, 3));
});

test('large rows are kept up to about 64 MB of them', () => {
  const large = (after: number): ChangeBatch => ({
    after,
    to: after + 1,
    changes: [{ key: 'a', before: undefined, after: { text: 'x'.repeat(12_000_000) }, position: after + 1 }],
  });
  const feed = feedFrom(0, large(0), large(1), large(2));
  expect([feed.next(0), feed.next(1)]).toEqual([unknown(0, 3), large(1)]);
});

test('what was cleared is not known any more, what comes behind it is', () => {
  const feed = feedFrom(0, batch(0, 1), batch(1, 2));
  feed.clear();
  expect([feed.next(0), feed.next(2)]).toEqual([unknown(0, 2), undefined]);
  feed.publish(batch(2, 3));
  expect([feed.next(1), feed.next(2)]).toEqual([unknown(1, 3), batch(2, 3)]);
});

test('each batch rings', async () => {
  const feed = feedFrom(0);
  const waiting = feed.bell.wait(feed.bell.rings);
  feed.publish(batch(0, 1, 0));
  await waiting;
});

test('who is several batches behind gets them as one, each row once, as it was before and is now', () => {
  const feed = new ChangeFeed(0);
  const row = (label: string) => ({ id: 'a', label });
  const change = (before: string, after: string, position: number) => ({
    ...{ after: position - 1, to: position },
    changes: [{ key: 'a', before: row(before), after: row(after), position }],
  });
  for (const one of [change('x', 'y', 1), change('y', 'z', 2)]) feed.publish(one);
  expect(feed.burst(0)).toEqual(change('x', 'y', 1));
  feed.publish(change('z', 'w', 3));
  expect(feed.burst(0)).toEqual({
    after: 0,
    to: 3,
    changes: [{ key: 'a', before: row('x'), after: row('w'), position: 3 }],
  });
  expect(feed.burst(2)).toEqual(change('z', 'w', 3));
  // What is not known ends it: behind it only the table can tell.
  feed.publish({ after: 3, to: 4, changes: null });
  expect(feed.burst(0)).toMatchObject({ after: 0, to: 3 });
});
