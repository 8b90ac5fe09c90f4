import { describe, expect, test, vi } from 'vitest';
import { EventLog } from '../../src/consumption/event-log.ts';
import { sizeOf } from '../../src/kernel/size-of.ts';
import { counted } from './counters.ts';
import { positionsOf, range, ScriptedLog } from './scripted-log.ts';

test('a page ends at a multiple of its size', async () => {
  const store = new ScriptedLog();
  store.append(25);
  const log = new EventLog(store, { pageSize: 10 });
  expect(positionsOf(await log.read(0))).toEqual(range(1, 10));
  expect(positionsOf(await log.read(4))).toEqual(range(5, 10));
  expect(positionsOf(await log.read(10))).toEqual(range(11, 20));
  expect(positionsOf(await log.read(20))).toEqual(range(21, 25));
  expect(await log.read(25)).toEqual([]);
});

test('every event comes from the store once, however many read it', async () => {
  const store = new ScriptedLog();
  store.append(10);
  const log = new EventLog(store, { pageSize: 10 });
  await Promise.all(range(1, 20).map(() => log.read(0)));
  await log.read(3);
  expect(store.reads.filter((after) => after < 10)).toEqual([0]);
});

test('a page that fills up is read from where it was', async () => {
  const store = new ScriptedLog();
  const log = new EventLog(store, { pageSize: 10 });
  store.append(3);
  await log.read(0);
  store.append(2);
  expect(positionsOf(await log.read(3))).toEqual([4, 5]);
  expect(store.reads).toEqual([0, 3]);
});

test('a read asked for after a commit does not join one that began before it', async () => {
  const store = new ScriptedLog();
  const log = new EventLog(store);
  const { promise, resolve } = Promise.withResolvers<void>();
  store.gate = promise;
  const early = log.read(0);
  store.append(1);
  const late = [log.read(0), log.read(0)];
  resolve();
  expect(await early).toEqual([]);
  expect((await Promise.all(late)).map(positionsOf)).toEqual([[1], [1]]);
  expect(store.reads).toEqual([0, 0]);
});

test('only so many pages are kept', async () => {
  const store = new ScriptedLog();
  store.append(95);
  const log = new EventLog(store, { pageSize: 10, pages: 3 });
  for (let after = 0; after < 90; after += 10) await log.read(after);
  store.reads.length = 0;
  await log.read(80);
  expect(store.reads).toEqual([]);
  expect(positionsOf(await log.read(0))).toEqual(range(1, 10));
  expect(store.reads).toContain(0);
});

test('a failed read fails its readers only: the next one tries again', async () => {
  const store = new ScriptedLog();
  store.append(1);
  const log = new EventLog(store);
  const gone = new Error('gone');
  store.gate = Promise.reject(gone);
  const first = log.read(0);
  const second = log.read(0);
  await expect(first).rejects.toBe(gone);
  await expect(second).rejects.toBe(gone);
  store.gate = Promise.resolve();
  expect(positionsOf(await log.read(0))).toEqual([1]);
});

test('what was cleared is read again', async () => {
  const store = new ScriptedLog();
  const log = new EventLog(store, { pageSize: 10 });
  store.append(3);
  await log.read(0);
  const { epoch } = log;
  log.clear();
  expect(log.epoch).toBeGreaterThan(epoch);
  expect(positionsOf(await log.read(2))).toEqual([3]);
  expect(store.reads).toEqual([0, 0]);
});

test('those who ask for the head while a look is under way share the next one', async () => {
  const store = new ScriptedLog();
  const log = new EventLog(store);
  const looks = vi.spyOn(store, 'head');
  const { promise, resolve } = Promise.withResolvers<number>();
  looks.mockReturnValueOnce(promise);
  const early = log.head();
  store.append(2);
  const late = [log.head(), log.head()];
  resolve(0);
  expect([await early, ...(await Promise.all(late))]).toEqual([0, 2, 2]);
  expect(looks).toHaveBeenCalledTimes(2);
});

test('it knows how far it has heard of the log', async () => {
  const store = new ScriptedLog();
  const log = new EventLog(store);
  store.append(3);
  expect(log.seen).toBe(0);
  await log.read(0);
  expect(log.seen).toBe(3);
  store.append(1);
  log.offer(store.events.slice(3));
  expect(log.seen).toBe(4);
  store.append(1);
  await log.head();
  expect(log.seen).toBe(5);
});

describe('a page of large events', () => {
  const eventBytes = sizeOf(counted('a').data);

  test('keeps about as many bytes as it may, and gives everyone everything', async () => {
    const store = new ScriptedLog();
    store.append(95);
    const log = new EventLog(store, { pageSize: 100, pageBytes: 10 * eventBytes });
    const read: number[] = [];
    for (let after = 0; after < 95; after = read.at(-1) ?? 0) {
      const events = await log.read(after);
      expect(events.length).toBeLessThanOrEqual(10);
      read.push(...positionsOf(events));
    }
    expect(read).toEqual(range(1, 95));
    expect(store.reads).toHaveLength(10);
    // One that comes later reads what is gone by itself, and what is there from memory.
    expect(positionsOf(await log.read(45))).toEqual(range(46, 55));
    expect(store.reads).toHaveLength(11);
    expect(positionsOf(await log.read(90))).toEqual(range(91, 95));
    expect(store.reads).toHaveLength(11);
  });

  test('that are offered push out those before them', async () => {
    const store = new ScriptedLog();
    const log = new EventLog(store, { pageSize: 100, pageBytes: 10 * eventBytes });
    for (const position of range(1, 25)) {
      store.append(1);
      log.offer(store.events.slice(position - 1));
    }
    expect(positionsOf(await log.read(20))).toEqual(range(21, 25));
    expect(store.reads).toEqual([]);
    expect(positionsOf(await log.read(3))).toEqual(range(4, 13));
    expect(store.reads).toEqual([3]);
  });

  test('that is let go of while somebody waits for it is read again', async () => {
    const store = new ScriptedLog();
    store.append(5);
    const log = new EventLog(store, { pageSize: 100, pageBytes: 10 * eventBytes });
    const { promise, resolve } = Promise.withResolvers<void>();
    store.gate = promise;
    const early = log.read(0);
    resolve();
    store.append(20);
    for (const event of store.events) log.offer([event]);
    expect(positionsOf(await early).slice(0, 5)).toEqual(range(1, 5));
  });
});

test('large events that a consumer chooses come a few at a time, and none is left out', async () => {
  const store = new ScriptedLog();
  store.append(35);
  const log = new EventLog(store, { pageSize: 100, pageBytes: 10 * sizeOf(counted('a').data) });
  const read: number[] = [];
  for (let after = 0; after < 35; ) {
    const page = await log.select({ items: [{ types: ['Counted'] }] }, after);
    expect(page.events.length).toBeLessThanOrEqual(10);
    read.push(...positionsOf(page.events));
    after = page.position;
  }
  expect(read).toEqual(range(1, 35));
});
