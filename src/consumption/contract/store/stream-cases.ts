import assert from 'node:assert/strict';
import type { EventStore } from '../../../persistence/event-store.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, idsOf, readAll, readStream, sampleEvent, sampleEvents } from '../sample-events.ts';

/** What holds for one stream of events, and between streams. */
export const streamCases: readonly ContractCase<EventStore>[] = [
  { name: 'an append without events changes nothing', run: emptyAppend },
  { name: 'an append that forgets somebody is an append like any other', run: forgetting },
  { name: 'a stream that nobody wrote is empty', run: unknownStream },
  { name: 'every field of the envelope is read back', run: envelope },
  { name: 'a receipt names the last event and all event ids', run: receipt },
  { name: 'an event id that is in the log is a conflict', run: sameId },
  { name: 'one bad event keeps the whole append out', run: atomic },
  { name: 'order and content are kept', run: order },
  { name: 'a stream is read forwards, backwards and in ranges', run: ranges },
  { name: 'streams of similar names are apart', run: separateStreams },
];

async function emptyAppend(store: EventStore): Promise<void> {
  await store.append({ events: [sampleEvent()] });
  const given = await store.append({ events: [] });
  assert.deepEqual(given.eventIds, []);
  assert.equal(given.position, 1);
  assert.equal(await store.head(), 1);
}

async function forgetting(store: EventStore): Promise<void> {
  const forget = ['user:1', 'user:2'];
  assert.deepEqual((await store.append({ events: sampleEvents(2), forget })).version, 2);
  const expected = [{ stream: 'Sample-1', version: 1 }];
  await assertRejects('CONCURRENCY_CONFLICT', store.append({ events: sampleEvents(1), expected, forget }));
  const without = await store.append({ events: [], forget });
  assert.deepEqual([without.position, without.eventIds, without.duplicate], [2, [], false]);
  assert.equal(await store.head(), 2);
}

async function unknownStream(store: EventStore): Promise<void> {
  await store.append({ events: [sampleEvent()] });
  assert.deepEqual(await readStream(store, 'Sample-2'), []);
}

async function envelope(store: EventStore): Promise<void> {
  const full = sampleEvent({
    type: 'Everything',
    schemaVersion: 3,
    data: {
      text: 'ä"\\{},\u{1f600}',
      number: -0.125,
      big: 2 ** 53 - 1,
      nested: [null, true, { a: [] }],
      'a key': '',
    },
    tags: ['order:7', 'odd "tag" \\ {with}, marks'],
    correlationId: 'correlation',
    causationId: 'causation',
    actor: 'user:1',
    tenant: 'acme',
    metadata: { from: 'a test', tries: 2 },
  });
  const before = new Date(Date.now() - 60_000);
  await store.append({ events: [sampleEvent(), full] });
  const [bare, stored] = await readStream(store, 'Sample-1');
  const { recordedAt, ...rest } = stored ?? assert.fail('the event is missing');
  assert.deepEqual(rest, { ...full, position: 2, version: 2 });
  assert.ok(recordedAt instanceof Date && recordedAt > before);
  assert.deepEqual([bare?.tags, bare?.metadata, bare?.actor], [[], null, null]);
}

async function receipt(store: EventStore): Promise<void> {
  await store.append({ events: sampleEvents(3) });
  const events = sampleEvents(2);
  assert.deepEqual(await store.append({ events }), {
    position: 5,
    stream: 'Sample-1',
    version: 5,
    eventIds: idsOf(events),
    duplicate: false,
  });
}

async function sameId(store: EventStore): Promise<void> {
  const event = sampleEvent();
  await store.append({ events: [event] });
  await assertRejects('CONCURRENCY_CONFLICT', store.append({ events: [{ ...event, stream: 'Sample-2' }] }));
  const capitals = { ...event, id: event.id.toUpperCase() };
  await assertRejects('CONCURRENCY_CONFLICT', store.append({ events: [capitals] }));
  const twice = sampleEvent();
  await assertRejects('CONCURRENCY_CONFLICT', store.append({ events: [twice, twice] }));
  assert.equal(await store.head(), 1);
}

async function atomic(store: EventStore): Promise<void> {
  const known = sampleEvent();
  await store.append({ events: [known] });
  await assertRejects('CONCURRENCY_CONFLICT', store.append({ events: [...sampleEvents(2), known] }));
  await assertRejects(
    'INVALID_APPEND',
    store.append({ events: [...sampleEvents(2), sampleEvent({ data: 'NUL \0' })] }),
  );
  assert.equal(await store.head(), 1);
}

async function order(store: EventStore): Promise<void> {
  const events = sampleEvents(50);
  await store.append({ events: events.slice(0, 20) });
  await store.append({ events: events.slice(20) });
  const stored = await readStream(store, 'Sample-1');
  assert.deepEqual(idsOf(stored), idsOf(events));
  assert.deepEqual(
    stored.map(({ data }) => data),
    events.map(({ data }) => data),
  );
  assert.deepEqual(
    stored.map(({ version }) => version),
    events.map((_, index) => index + 1),
  );
}

async function ranges(store: EventStore): Promise<void> {
  for (let n = 0; n < 5; n += 1)
    await store.append({ events: [sampleEvent({ stream: 'Other' }), sampleEvent()] });
  const versions = async (options: Parameters<EventStore['read']>[1]): Promise<readonly number[]> =>
    (await readStream(store, 'Sample-1', options)).map(({ version }) => version);
  assert.deepEqual(await versions({ backwards: true, limit: 1 }), [5]);
  assert.deepEqual(await versions({ backwards: true }), [5, 4, 3, 2, 1]);
  assert.deepEqual(await versions({ after: 4 }), [3, 4, 5]);
  assert.deepEqual(await versions({ before: 8 }), [1, 2, 3]);
  assert.deepEqual(await versions({ after: 2, before: 9 }), [2, 3, 4]);
  const behind = (afterVersion: number, options: Parameters<EventStore['read']>[1]) =>
    readAll(store, { items: [{ stream: 'Sample-1', afterVersion }] }, options);
  for (const [afterVersion, options, expected] of [
    [0, {}, [1, 2, 3, 4, 5]],
    [3, {}, [4, 5]],
    [3, { backwards: true, limit: 1 }, [5]],
    [1, { before: 8 }, [2, 3]],
    [1, { after: 6 }, [4, 5]],
    [5, {}, []],
  ] as const)
    assert.deepEqual(
      (await behind(afterVersion, options)).map(({ version }) => version),
      expected,
    );
}

async function separateStreams(store: EventStore): Promise<void> {
  const streams = [
    'Order-1',
    'order-1',
    'Order-10',
    'Order-_',
    'Order-%',
    ' Order-1',
    'Order-1 ',
    'É',
    'E\u0301',
    'NULL',
    '{}',
    "'",
    '"',
    '\\',
  ];
  for (const stream of streams) await store.append({ events: [sampleEvent({ stream, data: { stream } })] });
  for (const stream of streams) {
    assert.deepEqual(
      (await readStream(store, stream)).map(({ data, version }) => ({ data, version })),
      [{ data: { stream }, version: 1 }],
    );
  }
}
