import { expect, test } from 'vitest';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { sampleEvents } from '../../../src/consumption/contract/sample-events.ts';
import { EventLog } from '../../../src/consumption/event-log.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';
import { everything } from '../../../src/domain/query.ts';
import type { EventStore } from '../../../src/persistence/event-store.ts';
import { openTestStore } from './open-test-store.ts';

test('what a store tells of its own appends is what a reader finds, and is taken only where nothing is missing', async () => {
  await using opened = await openTestStore();
  const told: StoredEvent[] = [];
  const store = createPostgresEventStore({
    database: opened.database,
    onAppended: (events) => told.push(...events),
  });
  await Promise.all([store.append({ events: sampleEvents(3) }), store.append({ events: sampleEvents(2) })]);
  await opened.another().append({ events: sampleEvents(1) });
  const data = { b: [1.5, { z: 'ä', a: null }], a: undefined, zero: -0 };
  await store.append({
    events: sampleEvents(2).map((event) => ({
      ...event,
      id: event.id.toUpperCase(),
      data,
      tags: ['t:1', 't:1'],
      metadata: { source: 'x' },
    })),
  });
  const found = await Array.fromAsync(store.read(everything));
  expect(told).toEqual(found.filter(({ position }) => position !== 6));

  let reads = 0;
  const counted: EventStore = store;
  const log = new EventLog(
    {
      head: () => store.head(),
      read: (...asked) => {
        reads += 1;
        return counted.read(...asked);
      },
    },
    { pageSize: 5 },
  );
  log.offer(told);
  const pages: (readonly StoredEvent[])[] = [];
  for (const after of [0, 5]) pages.push(await log.read(after));
  expect(pages.flat()).toEqual(found);
  // Only what lies behind the other process's event came from the store.
  expect([pages.map(({ length }) => length), reads]).toEqual([[5, 3], 1]);
});
