import assert from 'node:assert/strict';
import { everything, streamQuery } from '../../../domain/query.ts';
import type { EventStore } from '../../../persistence/event-store.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertDense, assertRejects, readAll, sampleEvents } from '../sample-events.ts';

/** What holds for the log as a whole. */
export const logCases: readonly ContractCase<EventStore>[] = [
  { name: 'an empty log has head 0 and nothing to read', run: emptyLog },
  { name: 'positions are dense from 1', run: dense },
  { name: 'a conflict leaves log and head as they were', run: conflict },
  { name: 'a log of twelve thousand events is read whole, in either direction', run: longLog },
];

async function emptyLog(store: EventStore): Promise<void> {
  assert.equal(await store.head(), 0);
  assert.deepEqual(await readAll(store, everything), []);
  assert.deepEqual(await readAll(store, everything, { after: 5, backwards: true }), []);
}

async function dense(store: EventStore): Promise<void> {
  for (const size of [1, 3, 2])
    await store.append({ events: sampleEvents(size, { stream: `Size-${size}` }) });
  const events = await readAll(store, everything);
  assert.equal(events.length, 6);
  assertDense(events);
  assert.equal(await store.head(), 6);
}

async function conflict(store: EventStore): Promise<void> {
  await store.append({ events: sampleEvents(3) });
  const before = await readAll(store, everything);
  await assertRejects(
    'CONCURRENCY_CONFLICT',
    store.append({ events: sampleEvents(2), expected: [{ stream: 'Sample-1', version: 1 }] }),
  );
  assert.deepEqual(await readAll(store, everything), before);
  await store.append({ events: sampleEvents(1) });
  assert.equal(await store.head(), 4);
}

/** Longer than any store reads at once. */
async function longLog(store: EventStore): Promise<void> {
  for (let n = 0; n < 12; n += 1) await store.append({ events: sampleEvents(1_000, { tags: ['long'] }) });
  for (const query of [everything, { items: [{ tags: ['long'] }] }, streamQuery('Sample-1')]) {
    const log = await readAll(store, query);
    assert.equal(log.length, 12_000);
    assertDense(log);
    const backwards = await readAll(store, query, { backwards: true, limit: 11_999 });
    assert.equal(backwards.length, 11_999);
    assert.ok(backwards.every(({ position }, index) => position === 12_000 - index));
  }
}
