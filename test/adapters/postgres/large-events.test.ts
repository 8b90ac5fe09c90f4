import { randomBytes } from 'node:crypto';
import { PgDialect } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  assertRejects,
  readAll,
  readStream,
  sampleEvent,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import { everything, type Query } from '../../../src/domain/query.ts';
import type { ReadOptions } from '../../../src/persistence/event-store.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

const mebibyte = 1024 * 1024;
const stored = 40;

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await opened.store.append({ events: sampleEvents(200, { stream: 'Small', tags: ['all'] }) });
  for (let n = 0; n < stored; n += 1) {
    // Half of them are a text that Postgres makes a hundred times smaller.
    const text = n % 2 === 0 ? 'x'.repeat(mebibyte - 100) : randomBytes(mebibyte / 2 - 100).toString('hex');
    await opened.store.append({ events: [sampleEvent({ stream: 'Large', tags: ['all'], data: { text } })] });
  }
  await opened.store.append({ events: sampleEvents(200, { stream: 'Small', tags: ['all'] }) });
  await readAll(opened.store, everything, { limit: 1 });
});
afterAll(() => opened[Symbol.asyncDispose]());

async function statementsOf(query: Query, options?: ReadOptions): Promise<readonly [number, number]> {
  const statements = vi.spyOn(PgDialect.prototype, 'sqlToQuery');
  const events = await readAll(opened.store, query, options);
  const count = statements.mock.calls.length;
  statements.mockRestore();
  const ordered = options?.backwards === true ? events.toReversed() : events;
  expect(ordered.map(({ position }) => position)).toEqual(
    ordered.map(({ position }) => position).toSorted((one, other) => one - other),
  );
  return [events.length, count];
}

test.each<[string, Query, ReadOptions, number]>([
  ['the log', everything, {}, 440],
  ['the log backwards', everything, { backwards: true }, 440],
  ['a tag', { items: [{ tags: ['all'] }] }, {}, 440],
  ['a stream', { items: [{ stream: 'Large' }] }, {}, stored],
])(
  '%s with large events comes in pages of some 16 MiB, whole and in order',
  async (_, query, options, all) => {
    const [count, statements] = await statementsOf(query, options);
    expect(count).toBe(all);
    // 20 MiB that cannot be made smaller, and 20 whose size is taken for a third of what it is.
    expect(statements).toBeGreaterThanOrEqual(2);
  },
);

test('a limit holds across pages, and small events come in one', async () => {
  expect((await statementsOf(everything, { limit: 235 }))[0]).toBe(235);
  expect(await statementsOf(everything, { limit: 200 })).toEqual([200, 1]);
  expect(await statementsOf(everything, { after: 240 })).toEqual([200, 1]);
});

test('an event over 1 MiB and a stream id of 10,000 characters are refused, and nothing is half stored', async () => {
  const head = await opened.store.head();
  const command = { id: 'too large', fingerprint: 'x' };
  const good = sampleEvent({ stream: 'Refused', tags: ['refused'] });
  for (const bad of [
    sampleEvent({ data: { text: 'x'.repeat(mebibyte) } }),
    sampleEvent({ stream: 's'.repeat(10_000) }),
  ]) {
    const item = { events: [good, bad, good], command, forget: ['user:1'] };
    await assertRejects('INVALID_APPEND', opened.store.append(item));
    await assertRejects(
      'INVALID_APPEND',
      opened.persistence.transaction((transaction) => opened.store.append(item, { transaction })),
    );
  }
  expect([
    await opened.store.head(),
    await readStream(opened.store, 'Refused'),
    await readAll(opened.store, { items: [{ tags: ['refused'] }] }),
    await opened.store.receiptOf(command),
    await opened.persistence.keys.findKeys({ subjects: ['user:1'] }),
  ]).toEqual([head, [], [], null, []]);
});
