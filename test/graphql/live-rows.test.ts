import { expect, test, vi } from 'vitest';
import type { Filter } from '../../src/consumption/filter.ts';
import { type LiveFrame, liveRows } from '../../src/graphql/live-rows.ts';
import { counted, labelled, removed, whispered } from '../consumption/counters.ts';
import { type OpenCounters, openCounters } from '../consumption/open-counters.ts';
import { HeldRows, LiveClient, type Watched } from './live-client.ts';

const never = new AbortController().signal;
const watched = ({ running, backend: { models } }: OpenCounters): Watched => ({ running, models });

function watch(opened: OpenCounters, options: { readonly filter?: Filter; readonly after?: number } = {}) {
  return liveRows({ ...watched(opened), ...options, signal: never });
}

async function next(frames: AsyncIterator<LiveFrame>): Promise<LiveFrame> {
  const { value } = await frames.next();
  return value;
}

/** Takes frames until one says that it is up to date, from another moment on. */
async function takeUntilLive(
  frames: AsyncIterator<LiveFrame>,
  held: HeldRows,
): Promise<readonly LiveFrame[]> {
  const taken: LiveFrame[] = [];
  do {
    const frame = await next(frames);
    held.apply(frame);
    taken.push(frame);
  } while (!held.isLive);
  return taken;
}

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `c${String(index).padStart(5, '0')}`);

/** What a client with that filter must hold. */
async function query(opened: OpenCounters, filter?: Filter) {
  const rows = await opened.backend.models.rows(opened.counters, { filter, limit: 100_000 });
  return rows.map(({ position: _, ...row }) => row);
}

test('a snapshot comes first, then a delta for each committed batch', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'));
  await opened.settle();
  const frames = watch(opened);
  expect(await next(frames)).toMatchObject({
    kind: 'SNAPSHOT',
    position: 1,
    upserted: [{ id: 'a', total: 1 }],
    removed: [],
    live: true,
  });
  await opened.append(counted('b'), labelled('a', 'x'));
  const delta = {
    kind: 'DELTA',
    position: 3,
    upserted: [
      { id: 'b', total: 1 },
      { id: 'a', label: 'x' },
    ],
    removed: [],
    live: true,
  };
  expect(await next(frames)).toMatchObject(delta);
});

test('an empty table has an empty snapshot', async () => {
  await using opened = await openCounters();
  expect(await next(watch(opened))).toEqual({
    kind: 'SNAPSHOT',
    position: 0,
    upserted: [],
    removed: [],
    live: true,
  });
});

test('a large snapshot comes in pages that are not live and leave no place to resume before the last', async () => {
  await using opened = await openCounters();
  await opened.append(counted(...names(1_200)));
  await opened.settle();
  const held = new HeldRows('id');
  const frames = await takeUntilLive(watch(opened), held);
  expect(frames.map(({ kind, position, upserted, live }) => [kind, position, upserted.length, live])).toEqual(
    [
      ['SNAPSHOT', 0, 500, false],
      ['DELTA', 0, 500, false],
      ['DELTA', 1, 200, true],
    ],
  );
  expect([...held.rows.keys()]).toEqual(names(1_200));
});

test('what changes while a large snapshot is under way comes behind it', async () => {
  await using opened = await openCounters();
  await opened.append(counted(...names(1_200)));
  await opened.settle();
  const held = new HeldRows('id');
  const frames = watch(opened, { filter: { total: { lt: 2 } } });
  held.apply(await next(frames));
  await opened.append(removed('c00000'), counted('c00001', 'c01100', 'new'), labelled('c00600', 'x'));
  await opened.settle();
  const rest = await takeUntilLive(frames, held);
  expect(rest.at(-1)).toMatchObject({ kind: 'DELTA', live: true, position: 4 });
  expect(held.rows.size).toBe(1_198);
  expect(held.list()).toEqual(await query(opened, { total: { lt: 2 } }));
});

test('a snapshot that was overtaken by changes that do not concern it is told to be live in the end', async () => {
  await using opened = await openCounters();
  await opened.append(counted(...names(600)));
  await opened.settle();
  const frames = watch(opened, { filter: { id: { startsWith: 'c' } } });
  await next(frames);
  await opened.append(counted('other'));
  await opened.settle();
  expect(await next(frames)).toMatchObject({ upserted: { length: 100 }, live: false });
  expect(await next(frames)).toEqual({ kind: 'DELTA', position: 2, upserted: [], removed: [], live: true });
});

test('a change is live when nothing but events that change no row came behind it', async () => {
  await using opened = await openCounters();
  const frames = watch(opened);
  await next(frames);
  await opened.append(counted('a'));
  await opened.settle();
  await opened.append(whispered());
  await opened.settle();
  expect(await next(frames)).toMatchObject({ position: 1, upserted: [{ id: 'a' }], live: true });
});

test('a row that leaves the filter is removed, one that comes back is upserted', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a', 'b'));
  await opened.settle();
  const frames = watch(opened, { filter: { label: { isNull: true } } });
  await next(frames);
  await opened.append(labelled('a', 'x'));
  expect(await next(frames)).toMatchObject({ upserted: [], removed: ['a'] });
  await opened.append(labelled('a', null));
  expect(await next(frames)).toMatchObject({ upserted: [{ id: 'a' }], removed: [] });
});

test('a row that is deleted is removed; what the filter never meant is not told', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a', 'z'));
  await opened.settle();
  const frames = watch(opened, { filter: { id: { lt: 'm' } } });
  await next(frames);
  await opened.append(counted('z'));
  await opened.append(removed('z'), whispered());
  await opened.append(removed('a'));
  expect(await next(frames)).toMatchObject({ upserted: [], removed: ['a'], position: 5 });
});

test('who resumes behind a frame gets what came since, in the same process', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a', 'b'));
  await opened.settle();
  await opened.append(removed('a'));
  await opened.settle();
  await opened.append(counted('c'));
  await opened.settle();
  const frames = watch(opened, { after: 1 });
  expect(await next(frames)).toMatchObject({ kind: 'DELTA', removed: ['a'] });
  expect(await next(frames)).toMatchObject({ kind: 'DELTA', upserted: [{ id: 'c' }], position: 3 });
});

test('who resumes in another process gets it as one delta, from the tables', async () => {
  await using one = await openCounters();
  await one.append(counted('a', 'b', 'd'));
  await one.settle();
  await one.append(removed('a'));
  await one.append(counted('c'), labelled('d', 'x'));
  await one.settle();
  await using other = await openCounters({ url: one.url });
  const frame = await next(watch(other, { after: 1, filter: { label: { isNull: true } } }));
  expect(frame).toMatchObject({ kind: 'DELTA', position: 4, upserted: [{ id: 'c' }], live: true });
  expect(frame.removed.toSorted()).toEqual(['a', 'd']);
});

test('who resumes inside a batch gets the rows as they are, and those that may have left', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'), labelled('a', 'x'), labelled('a', null));
  await opened.settle();
  const frames = watch(opened, { after: 2, filter: { label: { eq: 'x' } } });
  expect(await next(frames)).toEqual({
    kind: 'DELTA',
    position: 3,
    upserted: [],
    removed: ['a'],
    live: true,
  });
});

test('who resumes from too long ago gets a new snapshot', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'));
  await opened.settle();
  await using other = await openCounters({ url: opened.url });
  await opened.append(counted(...names(5_001)));
  await Promise.all([opened.settle(), other.settle()]);
  await using third = await openCounters({ url: opened.url });
  expect(await next(watch(third, { after: 1 }))).toMatchObject({
    kind: 'SNAPSHOT',
    upserted: { length: 500 },
  });
});

test('who resumes ahead of this process waits until it is there', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'));
  await opened.settle();
  const frame = next(watch(opened, { after: 2 }));
  await opened.append(counted('b'));
  await opened.settle();
  await opened.append(counted('c'));
  expect(await frame).toMatchObject({ kind: 'DELTA', upserted: [{ id: 'c' }], position: 3 });
});

test('who stalls gets what it missed as few merged deltas, and ends right', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a', 'b'));
  await opened.settle();
  const held = new HeldRows('id');
  const frames = watch(opened);
  held.apply(await next(frames));
  await opened.append(counted(...names(2_500)));
  await opened.settle();
  for (let round = 0; round < 6; round += 1) {
    await opened.append(counted(...names(2_500)), removed('b'), counted('a'));
    await opened.settle();
  }
  const rest = await takeUntilLive(frames, held);
  expect(rest.length).toBeLessThan(5);
  expect(held.list()).toEqual(await query(opened));
});

test('a subscriber in a process that does not fold hears of every change', async () => {
  await using one = await openCounters();
  await using other = await openCounters({ url: one.url });
  await using client = new LiveClient(watched(other), { total: { gt: 1 } });
  for (let n = 0; n < 40; n += 1) await one.append(n % 8 === 7 ? removed(`c${n % 3}`) : counted(`c${n % 4}`));
  await other.settle();
  const expected = await query(one, { total: { gt: 1 } });
  await vi.waitFor(() => expect(client.held.list()).toEqual(expected), 10_000);
});

test('who may not know of other rows hears of no removal but of what it was given, in every process', async () => {
  await using one = await openCounters();
  await using other = await openCounters({ url: one.url });
  await one.append(counted('a', 'b', 'c', 'd'), labelled('a', 'x'), labelled('b', 'y'));
  await Promise.all([one.settle(), other.settle()]);
  const watching = [one, other].map((opened) =>
    liveRows({ ...watched(opened), filter: { label: { eq: 'x' } }, isPartial: true, signal: never }),
  );
  for (const frames of watching) expect((await next(frames)).upserted).toMatchObject([{ id: 'a' }]);
  await one.append(labelled('b', 'z'), removed('c'));
  await Promise.all([one.settle(), other.settle()]);
  await one.append(labelled('a', 'y'), labelled('d', 'x'));
  for (const frames of watching)
    expect(await next(frames)).toMatchObject({ kind: 'DELTA', removed: ['a'], upserted: [{ id: 'd' }] });
  await one.append(labelled('d', 'y'), removed('b'));
  for (const frames of watching) expect(await next(frames)).toMatchObject({ removed: ['d'], upserted: [] });
});

test('what a database lost in a crash and is folded again ends right for who watches', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'));
  await opened.settle();
  const held = new HeldRows('id');
  const frames = watch(opened, { filter: { label: { eq: 'x' } } });
  held.apply(await next(frames));
  await opened.append(labelled('a', 'x'));
  held.apply(await next(frames));
  expect(held.rows.size).toBe(1);
  // The crash loses the last commit; the next batch folds the label that comes and the one that goes.
  const { session } = opened;
  await session.transaction(async (transaction) => {
    await transaction.execute(`update counters set label = null, position = 1`);
    await transaction.execute(`update livefold.tracking set position = 1 where consumer = 'counters'`);
  });
  await opened.append(labelled('a', 'y'));
  held.apply(await next(frames));
  expect(held).toMatchObject({ position: 3, isLive: true });
  expect(held.rows.size).toBe(0);
});

test('it ends when its client is gone, while it waits', async () => {
  await using opened = await openCounters();
  const client = new LiveClient(watched(opened));
  await vi.waitFor(() => expect(client.frames).toHaveLength(1));
  await client.disconnect();
});
