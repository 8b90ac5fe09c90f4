import assert from 'node:assert/strict';
import type { StoredEvent } from '../../../domain/event.ts';
import type { Query } from '../../../domain/query.ts';
import { sleep } from '../../../kernel/async.ts';
import type { EventStore } from '../../../persistence/event-store.ts';
import { EventLog } from '../../event-log.ts';
import { follow } from '../../follow.ts';
import type { ContractCase } from '../contract-case.ts';
import { idsOf, sampleEvent, sampleEvents } from '../sample-events.ts';

/** What a consumer that follows the log gets. */
export const followCases: readonly ContractCase<EventStore>[] = [
  { name: 'following from the start gives the backlog, then each event as it comes', run: fromStart },
  { name: 'following from a position, or from the head, leaves out what was before', run: fromPosition },
  { name: 'an event that is appended while a follower waits arrives', run: whileWaiting },
  { name: 'following filters by type, tags and stream', run: filtered },
  { name: 'following stops before it starts, while it waits and while it is full', run: stops },
  { name: 'a wake-up that never comes delays an event, and loses none', run: lostWakeUp },
];

type Follower = { readonly store: EventStore; readonly log: EventLog };

function followerOf(store: EventStore): Follower {
  return { store, log: new EventLog(store, { pageSize: 10 }) };
}

async function appendAndRing({ store, log }: Follower, count: number): Promise<void> {
  await store.append({ events: sampleEvents(count) });
  log.bell.ring();
}

/** Follows until `count` events have come. */
async function take(
  log: EventLog,
  count: number,
  options: { readonly after?: number; readonly query?: Query; readonly timeout?: number } = {},
): Promise<readonly StoredEvent[]> {
  const stop = new AbortController();
  const taken: StoredEvent[] = [];
  for await (const { events } of follow(log, { ...options, signal: stop.signal })) {
    taken.push(...events);
    if (taken.length >= count) stop.abort();
  }
  return taken;
}

function positionsOf(events: readonly StoredEvent[]): readonly number[] {
  return events.map(({ position }) => position);
}

async function fromStart(store: EventStore): Promise<void> {
  const follower = followerOf(store);
  await appendAndRing(follower, 25);
  const taking = take(follower.log, 40);
  for (let n = 0; n < 5; n += 1) await appendAndRing(follower, 3);
  assert.deepEqual(
    positionsOf(await taking),
    Array.from({ length: 40 }, (_, index) => index + 1),
  );
}

async function fromPosition(store: EventStore): Promise<void> {
  const follower = followerOf(store);
  await appendAndRing(follower, 12);
  const fromSeven = take(follower.log, 6, { after: 7 });
  const fromHead = take(follower.log, 1, { after: await store.head() });
  await appendAndRing(follower, 1);
  assert.deepEqual(
    [positionsOf(await fromSeven), positionsOf(await fromHead)],
    [[8, 9, 10, 11, 12, 13], [13]],
  );
}

async function whileWaiting(store: EventStore): Promise<void> {
  const follower = followerOf(store);
  await appendAndRing(follower, 3);
  const taking = take(follower.log, 5);
  // Time to read the three and to begin to wait. A slower store makes the case easier, never wrong.
  await sleep(20);
  await appendAndRing(follower, 2);
  assert.deepEqual(positionsOf(await taking), [1, 2, 3, 4, 5]);
}

async function filtered(store: EventStore): Promise<void> {
  const { log } = followerOf(store);
  const wanted = sampleEvent({ type: 'Wanted', tags: ['x:1', 'y:1'], stream: 'S-2' });
  await store.append({ events: [...sampleEvents(30, { tags: ['x:1'] }), wanted] });
  const items = [{ types: ['Wanted'] }, { tags: ['x:1', 'y:1'] }, { stream: 'S-2' }];
  const found = await Promise.all(items.map((item) => take(log, 1, { query: { items: [item] } })));
  assert.deepEqual(
    found.map(idsOf),
    items.map(() => [wanted.id]),
  );
}

async function stops(store: EventStore): Promise<void> {
  const follower = followerOf(store);
  await appendAndRing(follower, 25);
  assert.deepEqual(await Array.fromAsync(follow(follower.log, { signal: AbortSignal.abort() })), []);
  const full = new AbortController();
  for await (const page of follow(follower.log, { signal: full.signal })) {
    assert.equal(page.position, 10);
    full.abort();
  }
  const waiting = new AbortController();
  const pages = Array.fromAsync(follow(follower.log, { after: 25, signal: waiting.signal }));
  setImmediate(() => waiting.abort());
  assert.deepEqual(await pages, []);
}

async function lostWakeUp(store: EventStore): Promise<void> {
  const { log } = followerOf(store);
  const taking = take(log, 3, { timeout: 5 });
  for (let n = 0; n < 3; n += 1) await store.append({ events: sampleEvents(1) });
  assert.deepEqual(positionsOf(await taking), [1, 2, 3]);
}
