import { expect, test } from 'vitest';
import { EventLog } from '../../src/consumption/event-log.ts';
import { type FollowOptions, follow } from '../../src/consumption/follow.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import { counted, whispered } from './counters.ts';
import { positionsOf, range, ScriptedLog } from './scripted-log.ts';

const never = new AbortController().signal;

function followed(store: ScriptedLog, options: Partial<FollowOptions> = {}) {
  const log = new EventLog(store, { pageSize: 10 });
  return { log, pages: follow(log, { signal: never, timeout: 600_000, ...options }) };
}

async function take(
  pages: AsyncIterator<{ readonly events: readonly StoredEvent[] }>,
  count: number,
): Promise<readonly number[]> {
  const taken: number[] = [];
  while (taken.length < count) {
    const { value } = await pages.next();
    taken.push(...positionsOf(value.events));
  }
  return taken;
}

test('the backlog comes first, then each event as it is announced', async () => {
  const store = new ScriptedLog();
  store.append(23);
  const { log, pages } = followed(store, { after: 2 });
  expect(await take(pages, 21)).toEqual(range(3, 23));
  const next = take(pages, 2);
  store.append(2);
  log.bell.ring();
  expect(await next).toEqual([24, 25]);
});

test('an event that is announced while the log is read is not slept through', async () => {
  const store = new ScriptedLog();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.gate = promise;
  const { log, pages } = followed(store);
  const next = take(pages, 1);
  await Promise.resolve();
  store.append(1);
  log.bell.ring();
  resolve();
  expect(await next).toEqual([1]);
});

test('an event that nobody announces comes after the timeout', async () => {
  const store = new ScriptedLog();
  const { pages } = followed(store, { timeout: 1 });
  const next = take(pages, 1);
  await new Promise(setImmediate);
  store.append(1);
  expect(await next).toEqual([1]);
});

test('a page in which nothing matches moves the position on', async () => {
  const store = new ScriptedLog();
  store.append(10, whispered);
  store.append(1, () => counted('a'));
  const { pages } = followed(store, { query: { items: [{ types: ['Counted'] }] } });
  expect((await pages.next()).value).toEqual({ events: [], position: 10 });
  expect((await pages.next()).value).toMatchObject({ events: [{ position: 11 }], position: 11 });
});

test('an abort ends it while it waits', async () => {
  const stopping = new AbortController();
  const { pages } = followed(new ScriptedLog(), { signal: stopping.signal });
  const next = pages.next();
  await new Promise(setImmediate);
  stopping.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});

test('one that is aborted before it starts reads nothing', async () => {
  const store = new ScriptedLog();
  store.append(1);
  expect(await followed(store, { signal: AbortSignal.abort() }).pages.next()).toMatchObject({ done: true });
  expect(store.reads).toEqual([]);
});
