import { expect, test, vi } from 'vitest';
import { liveRows } from '../../src/graphql/live-rows.ts';
import { counted, labelled, removed, whispered } from '../consumption/counters.ts';
import { moody, parkedOf, waitUntilFree, withoutRetries } from '../consumption/moods.ts';
import { type OpenCounters, openCounters } from '../consumption/open-counters.ts';
import { LiveClient } from './live-client.ts';

const watched = ({ running, backend: { models } }: OpenCounters) => ({ running, models });
const retry = ({ backend }: OpenCounters) => backend.models.parked.ask('counters', 'retry');

/** What the table holds, as a client does. */
async function query(opened: OpenCounters) {
  const rows = await opened.backend.models.rows(opened.counters, { limit: 1_000 });
  return rows.map(({ position: _, ...row }) => row);
}

test('what a retry changes reaches who watches, in the process that retries and in others, while the log stands still', async () => {
  const { bad, onFold } = moody();
  bad.add('2 a');
  await using opened = await openCounters({ onFold });
  await withoutRetries(opened);
  await opened.append(counted('a', 'b'));
  await opened.append(counted('a', 'b'));
  await opened.settle();
  await using other = await openCounters({ url: opened.url, onFold });
  await using here = new LiveClient(watched(opened));
  await using there = new LiveClient(watched(other));
  const { position } = await vi.waitFor(() => {
    expect([here.held.rows.size, there.held.rows.size]).toEqual([2, 2]);
    return here.held;
  });
  expect(position).toBe(2);
  bad.clear();
  await retry(opened);
  await vi.waitFor(async () => {
    const rows = await query(opened);
    expect(rows).toMatchObject([
      { id: 'a', total: 2 },
      { id: 'b', total: 2 },
    ]);
    expect(here.held.list()).toEqual(rows);
    expect(there.held.list()).toEqual(rows);
  }, 20_000);
});

test('who resumes from the head is told what a retry has changed since, a row that it removed too', async () => {
  const { bad, onFold } = moody();
  bad.add('2 a');
  await using opened = await openCounters({ onFold });
  await withoutRetries(opened);
  await opened.append(counted('a', 'gone'), labelled('a', 'x'), counted('b'));
  await opened.settle();
  bad.add('4 gone');
  // Its handler for removals does not fail by itself: the key is parked before.
  await opened.append(counted('gone'), removed('gone'));
  await opened.settle();
  expect(await parkedOf(opened)).toMatchObject([{ key: 'a' }, { key: 'gone', waiting: 1 }]);
  const head = await opened.backend.log.head();
  bad.clear();
  await retry(opened);
  await waitUntilFree(opened);
  await using late = await openCounters({ url: opened.url });
  for (const process of [opened, late]) {
    const frames = liveRows({ ...watched(process), after: head, signal: AbortSignal.timeout(20_000) });
    const { value } = await frames.next();
    expect(value).toMatchObject({ kind: 'DELTA', upserted: [{ id: 'a', label: 'x' }], removed: ['gone'] });
  }
});

test('who resumes from the head when nothing was retried hears of nothing until something comes', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'));
  await opened.settle();
  await using late = await openCounters({ url: opened.url });
  const frames = liveRows({ ...watched(late), after: 1, signal: AbortSignal.timeout(20_000) });
  const next = frames.next();
  await opened.append(whispered(), counted('b'));
  expect((await next).value).toMatchObject({ upserted: [{ id: 'b' }], position: 3 });
});

test('clients that come and go while keys are parked and freed hold what the table has in the end', async () => {
  const { bad, onFold } = moody();
  await using opened = await openCounters({ onFold });
  await using other = await openCounters({ url: opened.url, onFold });
  for (let position = 3; position < 200; position += 7) bad.add(`${position} c${position % 5}`);
  await using staying = new LiveClient(watched(opened));
  await using elsewhere = new LiveClient(watched(other));
  const resuming = new LiveClient(watched(other));
  for (let n = 1; n < 200; n += 1) {
    await opened.append(n % 13 === 0 ? removed(`c${n % 5}`) : counted(`c${n % 5}`));
    if (n % 20 !== 0) continue;
    await resuming.disconnect();
    bad.clear();
    await retry(opened);
    if (n % 40 === 0) await waitUntilFree(opened);
    await resuming.reconnect();
    for (let position = n + 3; position < n + 20; position += 7) bad.add(`${position} c${position % 5}`);
  }
  bad.clear();
  await retry(opened);
  await Promise.all([opened.settle(), other.settle()]);
  await waitUntilFree(opened);
  const rows = await query(opened);
  await vi.waitFor(() => {
    for (const client of [staying, elsewhere, resuming]) expect(client.held.list()).toEqual(rows);
  }, 20_000);
  await resuming.disconnect();
});
