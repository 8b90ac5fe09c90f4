import { expect, test } from 'vitest';
import { ChangeFeed } from '../../src/consumption/change-feed.ts';
import type { Filter } from '../../src/consumption/filter.ts';
import type { AnyRow } from '../../src/consumption/projection.ts';
import { nextTurn } from '../../src/kernel/async.ts';

const never = new AbortController().signal;
const row = (id: string, customer: string): AnyRow => ({ id, customer });

function change(feed: ChangeFeed, before: AnyRow | undefined, after: AnyRow | undefined): void {
  const to = feed.position + 1;
  const key = String((after ?? before)?.id);
  feed.publish({ after: to - 1, to, changes: [{ key, before, after, position: to }] });
}

/** Counts how often a watch wakes whoever waits with it. */
function sleeper(feed: ChangeFeed, filter?: Filter): { woken: number; position: number } {
  const watch = feed.watch(filter);
  const state = { woken: 0, position: feed.position };
  void (async () => {
    for (;;) {
      state.position = await watch.changed(Math.max(state.position, feed.position), never);
      state.woken += 1;
    }
  })();
  return state;
}

test('of five hundred filters a change wakes those that it concerns, before or after', async () => {
  const feed = new ChangeFeed(0);
  const sleepers = Array.from({ length: 500 }, (_, n) => sleeper(feed, { customer: { eq: `c${n}` } }));
  const all = sleeper(feed);
  change(feed, undefined, row('a', 'c7'));
  await nextTurn();
  change(feed, row('a', 'c7'), row('a', 'c9'));
  await nextTurn();
  change(feed, row('a', 'c9'), undefined);
  await nextTurn();
  expect(sleepers.flatMap(({ woken }, n) => (woken > 0 ? [[n, woken]] : []))).toEqual([
    [7, 2],
    [9, 2],
  ]);
  expect(all.woken).toBe(3);
});

test('who is woken goes on from just before what concerns it', async () => {
  const feed = new ChangeFeed(0);
  const watch = feed.watch({ customer: { eq: 'ada' } });
  const changed = watch.changed(0, never);
  for (let n = 0; n < 10; n += 1) change(feed, undefined, row(`${n}`, 'grace'));
  change(feed, undefined, row('a', 'ada'));
  expect(await changed).toBe(10);
});

test('what came while nobody waited is not slept through', async () => {
  const feed = new ChangeFeed(0);
  const watch = feed.watch({ customer: { eq: 'ada' } });
  change(feed, undefined, row('a', 'ada'));
  change(feed, undefined, row('b', 'grace'));
  expect(await watch.changed(0, never)).toBe(0);
});

test('positions that begin anew are waited for anew', async () => {
  const feed = new ChangeFeed(0);
  const watch = feed.watch(null);
  feed.publish({ after: 0, to: 9, changes: null });
  feed.restart(3, 0);
  expect(await watch.changed(9, never)).toBe(9);
  let isWoken = false;
  const changed = watch.changed(3, never).then(() => {
    isWoken = true;
  });
  await nextTurn();
  expect(isWoken).toBe(false);
  change(feed, undefined, row('a', 'ada'));
  await changed;
});

test('changes that are not known wake everyone, and a watch that was let go of nobody', async () => {
  const feed = new ChangeFeed(0);
  const [one, other] = [sleeper(feed, { customer: { eq: 'ada' } }), sleeper(feed, { id: { lt: 'b' } })];
  const gone = feed.watch(null);
  gone[Symbol.dispose]();
  feed.publish({ after: 0, to: 5, changes: null });
  await nextTurn();
  expect([one.woken, other.woken]).toEqual([1, 1]);
  const left = new AbortController();
  const waiting = gone.changed(5, left.signal);
  change(feed, undefined, row('a', 'ada'));
  left.abort();
  expect(await waiting).toBe(5);
});
