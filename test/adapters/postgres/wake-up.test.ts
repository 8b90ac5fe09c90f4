import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listenForAppends } from '../../../src/adapters/postgres/postgres-wake-up.ts';
import { sampleEvents } from '../../../src/consumption/contract/sample-events.ts';
import { EventLog } from '../../../src/consumption/event-log.ts';
import { follow } from '../../../src/consumption/follow.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';
import type { EventStore } from '../../../src/persistence/event-store.ts';
import { openLine } from '../../support/line.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

/** So long that only a wake-up can end a wait within the test. */
const never = 3_600_000;

let opened: TestStore;
let head: number;
beforeAll(async () => {
  opened = await openTestStore();
});
beforeEach(async () => {
  head = await opened.store.head();
});
afterAll(() => opened[Symbol.asyncDispose]());

/** The first events behind the head, as one page of a live consumer. */
async function nextPage(log: EventLog): Promise<readonly StoredEvent[]> {
  for await (const { events } of follow(log, {
    after: head,
    signal: AbortSignal.timeout(50_000),
    timeout: never,
  }))
    return events;
  return [];
}

test("another process's append wakes a consumer that waits", async () => {
  await using wakeUp = await listenForAppends(opened.url);
  const page = nextPage(new EventLog(opened.store, { bell: wakeUp.bell }));
  await opened.another().append({ events: sampleEvents(3) });
  expect((await page).map(({ position }) => position)).toEqual([head + 1, head + 2, head + 3]);
});

test('an append that falls between a consumer reading and waiting is not slept through', async () => {
  await using wakeUp = await listenForAppends(opened.url);
  let isFirst = true;
  const inner: EventStore = opened.store;
  const store: Pick<EventStore, 'read' | 'head'> = {
    head: () => inner.head(),
    async *read(query, options) {
      yield* inner.read(query, options);
      if (!isFirst) return;
      isFirst = false;
      const seen = wakeUp.bell.rings;
      await opened.another().append({ events: sampleEvents(1) });
      await wakeUp.bell.wait(seen);
    },
  };
  expect(await nextPage(new EventLog(store, { bell: wakeUp.bell }))).toHaveLength(1);
});

test('delivery goes on when the listening connection is killed', async () => {
  await using wakeUp = await listenForAppends(opened.url);
  const log = new EventLog(opened.store, { bell: wakeUp.bell });
  const page = nextPage(log);
  const killed = await opened.database.session.execute(sql`
    select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'`);
  expect(killed.length).toBeGreaterThan(0);
  await opened.another().append({ events: sampleEvents(1) });
  expect(await page).toHaveLength(1);
});

test('delivery goes on when the database was away for a while', async () => {
  await using line = await openLine(opened.url);
  await using wakeUp = await listenForAppends(line.url);
  const page = nextPage(new EventLog(opened.store, { bell: wakeUp.bell }));
  line.isDown = true;
  await line.cut();
  await opened.store.append({ events: sampleEvents(1) });
  // Two attempts to listen again fail first.
  await line.refused(2);
  line.isDown = false;
  expect(await page).toHaveLength(1);
});

test('a listener that has stopped rings no more', async () => {
  const wakeUp = await listenForAppends(opened.url);
  await using fence = await listenForAppends(opened.url);
  await wakeUp.stop();
  const [stopped, seen] = [wakeUp.bell.rings, fence.bell.rings];
  await opened.store.append({ events: sampleEvents(1) });
  await fence.bell.wait(seen);
  expect(wakeUp.bell.rings).toBe(stopped);
});
