import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createMemoryPersistence } from '../../src/adapters/memory/memory-persistence.ts';
import { EventLog } from '../../src/consumption/event-log.ts';
import { follow } from '../../src/consumption/follow.ts';
import type { ProjectionOptions } from '../../src/consumption/projection.ts';
import { runProjection } from '../../src/consumption/projection-runner.ts';
import type { PreparedEvent, StoredEvent } from '../../src/domain/event.ts';
import { everything, matches, type Query } from '../../src/domain/query.ts';
import { silentLogger } from '../../src/kernel/log.ts';
import type { EventStore } from '../../src/persistence/event-store.ts';
import { auditCounters, faultsOf } from './audit/audit-counters.ts';
import { counted, countersProjection, foldAll, labelled, removed, whispered } from './counters.ts';
import { openCounters } from './open-counters.ts';
import { positionsOf } from './scripted-log.ts';

const tagged = (event: PreparedEvent, ...tags: readonly string[]): PreparedEvent => ({ ...event, tags });

/** The store, and every event that it has given. */
function counting(store: EventStore) {
  const given: StoredEvent[] = [];
  const watched: Pick<EventStore, 'read' | 'head'> = {
    head: () => store.head(),
    async *read(query, options) {
      for await (const event of store.read(query, options)) {
        given.push(event);
        yield event;
      }
    },
  };
  return { given, store: watched };
}

const type = fc.constantFrom('Counted', 'Labelled', 'Removed', 'Whispered');
const tag = fc.constantFrom('a', 'b', 'c');
const makers = {
  Counted: () => counted('x'),
  Labelled: () => labelled('x', 'y'),
  Removed: () => removed('x'),
  Whispered: whispered,
} as const;
const someEvents = fc.array(fc.record({ type, tags: fc.uniqueArray(tag, { maxLength: 3 }) }), {
  minLength: 1,
  maxLength: 40,
});
const item = fc.record(
  { types: fc.uniqueArray(type, { maxLength: 2 }), tags: fc.uniqueArray(tag, { maxLength: 2 }) },
  { requiredKeys: [] },
);
const query: fc.Arbitrary<Query> = fc.record({ items: fc.array(item, { maxLength: 3 }) });

test('property: whatever the log, the query and the start, chosen events are those of the whole log that match, each once, while it grows', async () => {
  await fc.assert(
    fc.asyncProperty(
      someEvents,
      fc.array(someEvents, { maxLength: 4 }),
      fc.array(query, { minLength: 1, maxLength: 3 }),
      fc.nat(40),
      async (start, tails, queries, after) => {
        const { events: store } = createMemoryPersistence({});
        const log = new EventLog(store, { pageSize: 4, pages: 2 });
        const append = async (made: typeof start): Promise<void> => {
          await store.append({ events: made.map((one) => tagged(makers[one.type](), ...one.tags)) });
        };
        await append(start);
        await log.head();
        const stopping = new AbortController();
        let end = Number.POSITIVE_INFINITY;
        const followed = queries.map(async (asked) => {
          const events: StoredEvent[] = [];
          let position = after;
          for await (const page of follow(log, { after, query: asked, signal: stopping.signal })) {
            expect(page.position).toBeGreaterThan(position);
            events.push(...page.events);
            position = page.position;
            if (position === end) break;
          }
          return events;
        });
        for (const tail of tails) {
          await append(tail);
          if (tail.length % 2 === 0) await log.head();
          log.bell.ring();
          await new Promise(setImmediate);
        }
        // One more, so that all have a position to end at, even those behind whom nothing came.
        await append(Array.from({ length: 45 }, () => ({ type: 'Whispered', tags: [] }) as const));
        end = await store.head();
        log.bell.ring();
        const whole = await Array.fromAsync(store.read(everything, { after }));
        for (const [index, asked] of queries.entries())
          expect(positionsOf((await followed[index]) ?? [])).toEqual(
            positionsOf(whole.filter((event) => matches(asked, event))),
          );
        stopping.abort();
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);

test.each<[string, ProjectionOptions, (n: number) => PreparedEvent]>([
  ['of its types', {}, (n) => (n % 100 === 0 ? counted(`c${n % 7}`) : whispered())],
  ['that carry its tags', { tags: ['vip', 'eu'] }, (n) => tagged(counted(`c${n % 7}`), ...tagsOf(n))],
])(
  'a projection that is far behind takes only the events %s from the database',
  async (_, options, event) => {
    await using opened = await openCounters();
    await opened.running.stop();
    for (let n = 0; n < 5_000; n += 500)
      await opened.append(...Array.from({ length: 500 }, (_each, index) => event(n + index)));
    const { given, store } = counting(opened.backend.store);
    const log = new EventLog(store, { pageSize: 50 });
    const running = await runProjection(countersProjection(options), {
      ...{ log, logger: silentLogger },
      models: opened.backend.models,
    });
    await running.waitFor(5_000, { timeout: 30_000 });
    await running.stop();
    const { query } = running.projection;
    const wanted = (await Array.fromAsync(opened.backend.store.read(everything))).filter((one) =>
      matches(query, one),
    );
    expect(wanted).toHaveLength(50);
    expect(await opened.rows()).toEqual(foldAll(opened.counters, wanted));
    // Those of the last page came for all consumers.
    expect(given.length).toBeLessThanOrEqual(wanted.length + 50);
  },
);

function tagsOf(n: number): readonly string[] {
  if (n % 100 === 0) return ['eu', 'vip'];
  return n % 2 === 0 ? ['vip'] : ['eu'];
}

test('consumers that want most of the events share their pages, however far behind', async () => {
  const { events: inner } = createMemoryPersistence({});
  await inner.append({
    events: Array.from({ length: 2_000 }, (_, n) => (n % 4 === 0 ? whispered() : counted('a'))),
  });
  const { given, store } = counting(inner);
  const log = new EventLog(store, { pageSize: 50, pages: 100 });
  await log.head();
  const query: Query = { items: [{ types: ['Counted'] }] };
  await Promise.all([1, 2, 3, 4].map(() => followTo(2_000)));
  // The first page each, which told how much of the log they want.
  expect(given.length).toBeLessThanOrEqual(2_000 + 4 * 50);

  async function followTo(end: number): Promise<void> {
    for await (const { position } of follow(log, { query, signal: new AbortController().signal }))
      if (position === end) return;
  }
});

test('an event below the head that was looked at cannot come later: the look comes before the read', async () => {
  const inner: EventStore = createMemoryPersistence({}).events;
  await inner.append({ events: Array.from({ length: 30 }, whispered) });
  const calls: string[] = [];
  const store: Pick<EventStore, 'read' | 'head'> = {
    async head() {
      calls.push('head');
      const head = await inner.head();
      // Whoever appends between the look and the read.
      await inner.append({ events: [counted('late')] });
      return head;
    },
    read(query, options) {
      calls.push('read');
      return inner.read(query, options);
    },
  };
  const log = new EventLog(store, { pageSize: 10 });
  const query: Query = { items: [{ types: ['Counted'] }] };
  expect(await log.select(query, 0)).toEqual({ events: [], position: 30 });
  expect(calls).toEqual(['head', 'read']);
  expect(positionsOf((await log.select(query, 30)).events)).toEqual([31]);
});

test.each<ProjectionOptions>([
  { tags: ['vip'] },
  { tags: ['vip'], shards: 3 },
  { tags: ['vip'], mode: 'inline' },
])('only events that carry its tags reach a projection: %o', async (options) => {
  await using opened = await openCounters(options);
  await opened.append(
    tagged(counted('a', 'b'), 'vip'),
    counted('a'),
    tagged(counted('b'), 'eu'),
    tagged(counted('b'), 'eu', 'vip'),
  );
  const end = await opened.append(removed('a'), tagged(removed('b'), 'other'));
  await opened.settle();
  expect(await opened.rows()).toEqual([
    { id: 'a', total: 1, label: null, position: 1 },
    { id: 'b', total: 2, label: null, position: 4 },
  ]);
  await vi.waitFor(() => expect(opened.running.feed.position).toBe(end));
  expect(faultsOf(await auditCounters(opened))).toEqual([]);
});
