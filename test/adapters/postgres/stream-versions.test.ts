import { PgDialect } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  assertRejects,
  readAll,
  readStream,
  sampleEvent,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import type { Query } from '../../../src/domain/query.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

async function versions(query: Query): Promise<readonly (readonly [string, number])[]> {
  return (await readAll(opened.store, query)).map(({ stream, version }) => [stream, version] as const);
}

test('many streams, each behind a version of its own, are one statement', async () => {
  const streams = Array.from({ length: 60 }, () => createId());
  for (const stream of streams) await opened.store.append({ events: sampleEvents(6, { stream }) });
  // The first read also writes down the part that all of them share.
  await versions({ items: [{ stream: 'none' }] });
  const statements = vi.spyOn(PgDialect.prototype, 'sqlToQuery');
  const items = streams.map((stream, n) => ({ stream, afterVersion: n % 8 }));
  const found = await versions({ items });
  expect(statements).toHaveBeenCalledTimes(1);
  statements.mockRestore();
  expect(found).toEqual(
    streams.flatMap((stream, n) =>
      [1, 2, 3, 4, 5, 6].filter((version) => version > n % 8).map((version) => [stream, version]),
    ),
  );
});

test('of several items about one stream the widest holds, and other parts of an item hold with it', async () => {
  const stream = createId();
  const types = ['A', 'B', 'A', 'B'];
  await opened.store.append({ events: types.map((type) => sampleEvent({ stream, type, tags: ['v:1'] })) });
  const read = async (...items: Query['items']) =>
    (await versions({ items: items.map((item) => ({ stream, ...item })) })).map(([, version]) => version);
  expect(await read({ afterVersion: 3 }, { afterVersion: 1 })).toEqual([2, 3, 4]);
  expect(await read({ afterVersion: 1 }, { afterVersion: 3 })).toEqual([2, 3, 4]);
  expect(await read({ afterVersion: 3 }, {})).toEqual([1, 2, 3, 4]);
  expect(await read({ afterVersion: 1, types: ['A'] })).toEqual([3]);
  expect(await read({ afterVersion: 2, tags: ['v:1'] }, { types: ['A'] })).toEqual([1, 3, 4]);
  expect(await versions({ items: [{ tags: ['v:1'], afterVersion: 3 }] })).toHaveLength(4);
});

test('a condition looks behind its version and behind its position', async () => {
  const stream = createId();
  await opened.store.append({ events: sampleEvents(3, { stream }) });
  const after = await opened.store.head();
  const tryBehind = (afterVersion: number, position: number) =>
    opened.store.append({
      events: sampleEvents(1, { stream: createId() }),
      condition: { query: { items: [{ stream, afterVersion }] }, after: position },
    });
  await assertRejects('CONCURRENCY_CONFLICT', tryBehind(2, 0));
  await tryBehind(3, 0);
  await tryBehind(0, after);
  await assertRejects('CONCURRENCY_CONFLICT', tryBehind(0, after - 1));
});

test('streams longer than a page are read whole, in log order', async () => {
  const [long, other] = [createId(), createId()];
  for (let n = 0; n < 5; n += 1) {
    await opened.store.append({ events: sampleEvents(2_000, { stream: long }) });
    await opened.store.append({ events: sampleEvents(100, { stream: other, tags: [`long:${n % 2}`] }) });
  }
  const found = await readAll(opened.store, {
    items: [{ stream: other }, { stream: long, afterVersion: 5 }],
  });
  expect(found).toHaveLength(10_495);
  expect(found.map(({ position }) => position)).toEqual(
    found.map(({ position }) => position).toSorted((one, next) => one - next),
  );
  const backwards = await readStream(opened.store, long, { backwards: true });
  expect(backwards.map(({ version }) => version)).toEqual(
    Array.from({ length: 10_000 }, (_, n) => 10_000 - n),
  );
});

test('within a transaction of the caller its own events and receipts are found', async () => {
  const stream = createId();
  const command = { id: createId(), fingerprint: 'x' };
  await opened.persistence.transaction(async (transaction) => {
    await opened.store.append({ events: sampleEvents(2, { stream }), command }, { transaction });
    expect(await readStream(opened.store, stream, { transaction })).toHaveLength(2);
    expect(await readStream(opened.store, stream)).toEqual([]);
    expect(await opened.store.receiptOf(command, { transaction })).toMatchObject({ version: 2 });
    expect(await opened.store.receiptOf(command)).toBe(null);
  });
});
