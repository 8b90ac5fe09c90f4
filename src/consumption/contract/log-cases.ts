import assert from 'node:assert/strict';
import type { PreparedEvent, StoredEvent } from '../../domain/event.ts';
import { everything, matches, type Query } from '../../domain/query.ts';
import type { EventStore, ReadOptions } from '../../persistence/event-store.ts';
import type { ContractCase } from './contract-case.ts';
import { assertDense, assertRejects, idsOf, readAll, sampleEvent, sampleEvents } from './sample-events.ts';

/** What holds for the log as a whole. */
export const logCases: readonly ContractCase[] = [
  { name: 'an empty log has head 0 and nothing to read', run: emptyLog },
  { name: 'positions are dense from 1', run: dense },
  { name: 'a conflict leaves log and head as they were', run: conflict },
  { name: 'every query is read in every range, limit and direction', run: matrix },
  { name: 'recorded times never fall and the log is read as of one', run: asOf },
  { name: 'a log of several thousand events is read whole', run: longLog },
  { name: 'a read is stopped by its signal', run: stopped },
  { name: 'what no store can keep is refused', run: unstorable },
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

/** Every query below, with every combination of options, against a filter over a list. */
async function matrix(store: EventStore): Promise<void> {
  for (const event of variedEvents()) await store.append({ events: [event] });
  const log = await readAll(store, everything);
  for (const query of queries) {
    for (const options of readOptions()) {
      const found = await readAll(store, query, options);
      assert.deepEqual(
        idsOf(found),
        idsOf(select(log, query, options)),
        `${JSON.stringify(query)} with ${JSON.stringify(options)}`,
      );
    }
  }
}

/** 24 events: 3 types, 4 sets of tags, 2 streams, in every combination. */
function variedEvents(): readonly PreparedEvent[] {
  const types = ['A', 'B', 'C'];
  const tags = [[], ['x:1'], ['y:1'], ['x:1', 'y:1']];
  const streams = ['S-1', 'S-2'];
  return types.flatMap((type) =>
    tags.flatMap((some) => streams.map((stream) => sampleEvent({ type, tags: some, stream }))),
  );
}

const queries: readonly Query[] = [
  everything,
  { items: [{ types: ['A'] }] },
  { items: [{ types: ['A', 'C'] }] },
  { items: [{ types: [] }] },
  { items: [{ tags: ['x:1'] }] },
  { items: [{ tags: ['x:1', 'y:1'] }] },
  { items: [{ tags: ['y:1', 'y:1'] }] },
  { items: [{ tags: [] }] },
  { items: [{ tags: ['unknown'] }] },
  { items: [{ types: ['B'], tags: ['y:1'] }] },
  { items: [{ stream: 'S-2' }] },
  { items: [{ stream: 'S-1', types: ['C'], tags: ['x:1'] }] },
  { items: [{ stream: 'S-1' }, { stream: 'S-2' }] },
  { items: [{ types: ['A'] }, { tags: ['x:1'] }] },
  {
    items: [
      { tags: ['x:1'], types: ['A'] },
      { tags: ['y:1'], types: ['B', 'C'] },
    ],
  },
  { items: [{ stream: 'S-1' }, { types: ['B'] }] },
  { items: [{}] },
];

function readOptions(): readonly ReadOptions[] {
  const some = <T>(name: string, values: readonly T[]): readonly object[] => [
    {},
    ...values.map((value) => ({ [name]: value })),
  ];
  return some('after', [0, 7, 24, 99]).flatMap((after) =>
    some('before', [1, 16]).flatMap((before) =>
      some('limit', [0, 1, 5]).flatMap((limit) =>
        some('backwards', [true]).map((backwards) => ({ ...after, ...before, ...limit, ...backwards })),
      ),
    ),
  );
}

function select(log: readonly StoredEvent[], query: Query, options: ReadOptions): readonly StoredEvent[] {
  const {
    after = 0,
    before = Number.POSITIVE_INFINITY,
    limit = Number.POSITIVE_INFINITY,
    backwards = false,
  } = options;
  const meant = log.filter(
    (event) => event.position > after && event.position < before && matches(query, event),
  );
  return (backwards ? meant.toReversed() : meant).slice(0, limit);
}

async function asOf(store: EventStore): Promise<void> {
  for (let n = 0; n < 20; n += 1) await store.append({ events: sampleEvents(1) });
  const log = await readAll(store, everything);
  for (const [index, { recordedAt }] of log.entries())
    assert.ok(recordedAt >= (log[index - 1]?.recordedAt ?? recordedAt));
  for (const { recordedAt } of log) {
    assert.deepEqual(
      idsOf(await readAll(store, everything, { asOf: recordedAt })),
      idsOf(log.filter((event) => event.recordedAt <= recordedAt)),
    );
  }
  assert.deepEqual(await readAll(store, everything, { asOf: new Date(0) }), []);
}

async function longLog(store: EventStore): Promise<void> {
  for (let n = 0; n < 5; n += 1) await store.append({ events: sampleEvents(700, { tags: ['long'] }) });
  assertDense(await readAll(store, everything));
  assert.equal((await readAll(store, { items: [{ tags: ['long'] }] })).length, 3_500);
  const backwards = await readAll(store, everything, { backwards: true, limit: 3_499 });
  assertDense([...backwards].reverse().map((event) => ({ ...event, position: event.position - 1 })));
}

async function stopped(store: EventStore): Promise<void> {
  await store.append({ events: sampleEvents(2) });
  await assertRejects('ABORTED', readAll(store, everything, { signal: AbortSignal.abort() }));
}

async function unstorable(store: EventStore): Promise<void> {
  const itself: Record<string, unknown> = {};
  itself.itself = itself;
  const datas: readonly unknown[] = [
    'a \0',
    { 'key \0': 1 },
    ['\ud800'],
    { text: '\\\\\udfff' },
    undefined,
    1n,
    itself,
    'x'.repeat(1024 * 1024),
  ];
  const bad: readonly Partial<PreparedEvent>[] = [
    ...datas.map((data) => ({ data })),
    { metadata: { text: '\0' } },
    { actor: 'a\0' },
    { correlationId: '\ud83d' },
    { id: 'no uuid' },
    { schemaVersion: 0 },
    { schemaVersion: 40_000 },
    { occurredAt: new Date(Number.NaN) },
    { occurredAt: new Date('+012024-01-01T00:00:00Z') },
  ];
  for (const parts of bad)
    await assertRejects('INVALID_APPEND', store.append({ events: [sampleEvent(parts)] }));
  assert.equal(await store.head(), 0);
  await keepsNearlyUnstorable(store);
}

/** What only looks like the above is kept: backslashes before a `u`, and the largest data. */
async function keepsNearlyUnstorable(store: EventStore): Promise<void> {
  const datas = ['\\u0000', '\\\\ud800', '\u{1f600}', 'x'.repeat(1024 * 1024 - 2)];
  await store.append({ events: datas.map((data) => sampleEvent({ data })) });
  assert.deepEqual(
    (await readAll(store, everything)).map(({ data }) => data),
    datas,
  );
}
