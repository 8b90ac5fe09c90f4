import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryPersistence } from '../../../src/adapters/memory/memory-persistence.ts';
import { sampleEvent } from '../../../src/consumption/contract/sample-events.ts';
import { storeContract } from '../../../src/consumption/contract/store-contract.ts';
import type { PreparedEvent, StoredEvent } from '../../../src/domain/event.ts';
import { everything } from '../../../src/domain/query.ts';
import type { AppendItem, EventStore } from '../../../src/persistence/event-store.ts';
import { createMappedEventStore } from '../../../src/persistence/mapper/mapped-event-store.ts';
import { createMappedSnapshotStore } from '../../../src/persistence/mapper/mapped-snapshot-store.ts';
import { createMapper } from '../../../src/persistence/mapper/mapper.ts';
import type { Persistence } from '../../../src/persistence/persistence.ts';
import { masterKeys } from './stored-keys.ts';

let persistence: Persistence;
let mapper: ReturnType<typeof createMapper>;
let store: EventStore;

beforeEach(() => {
  persistence = createMemoryPersistence();
  mapper = createMapper({ keys: { store: persistence.keys, masterKeys } });
  store = createMappedEventStore(persistence.events, mapper);
});

function personalEvent(subject: string, n = 0): PreparedEvent {
  return sampleEvent({
    data: { n, email: `${subject}@example.org` },
    personal: [{ subject, erased: { email: null } }],
  });
}

async function emails(from: EventStore = store): Promise<readonly unknown[]> {
  const events = await Array.fromAsync(from.read(everything));
  return events.map(({ data }) => (data as { email?: unknown }).email);
}

/** The store as another process has it: the same database, nothing in memory. */
function elsewhere(): EventStore {
  return createMappedEventStore(
    persistence.events,
    createMapper({ keys: { store: persistence.keys, masterKeys } }),
  );
}

/** A mapper refuses what is no data before the store does, takes bigints, and makes what is too large smaller. */
const limits = 'mapped: limits';

describe('a store behind a mapper is a store:', () => {
  storeContract(
    'mapped',
    async () => {
      const { events, keys } = createMemoryPersistence();
      const compressing = createMapper({ keys: { store: keys, masterKeys }, compressFrom: 60 });
      return { store: createMappedEventStore(events, compressing), async [Symbol.asyncDispose]() {} };
    },
    { describe: (name, body) => (name === limits ? undefined : describe(name, body)), test },
  );
});

test('what is appended is read again, stored as JSON that can be queried', async () => {
  const events = [
    sampleEvent({ data: { at: new Date(5), big: 3n } }),
    personalEvent('ada'),
    sampleEvent({ data: { plain: true } }),
  ];
  await store.append({ events });
  expect(await Array.fromAsync(elsewhere().read(everything))).toMatchObject(events);
  const stored = await Array.fromAsync(persistence.events.read(everything));
  expect(stored.map(({ data }) => data)).toEqual([
    { at: { $date: '1970-01-01T00:00:00.005Z' }, big: { $bigint: '3' } },
    { n: 0, $personal: [{ subject: 'ada', erased: { email: null }, sealed: expect.any(String) }] },
    { plain: true },
  ]);
});

test('what cannot be encoded leaves nothing behind', async () => {
  const events = [sampleEvent(), sampleEvent({ data: { n: Number.NaN } })];
  await expect(store.append({ events })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  expect(await store.head()).toBe(0);
});

describe('forgetting', () => {
  const forgetting = (subject: string): AppendItem => ({ events: [sampleEvent({ forgets: [subject] })] });

  test('is done by the append, for every process at once and for good', async () => {
    await store.append({ events: [personalEvent('ada'), personalEvent('bob')] });
    const other = elsewhere();
    expect(await emails(other)).toEqual(['ada@example.org', 'bob@example.org']);
    await store.append(forgetting('ada'));
    expect(await emails()).toEqual([null, 'bob@example.org', undefined]);
    // The other process has the key in memory; the event that forgets comes on the same page.
    expect(await emails(other)).toEqual([null, 'bob@example.org', undefined]);
    await expect(store.append({ events: [personalEvent('ada')] })).rejects.toMatchObject({
      code: 'SUBJECT_FORGOTTEN',
    });
  });

  test('goes with what the append names itself, and is read again', async () => {
    await store.append({ events: [personalEvent('ada'), personalEvent('bob')] });
    await store.append({ ...forgetting('ada'), forget: ['bob'] });
    expect(await emails(elsewhere())).toEqual([null, null, undefined]);
    const [last] = await Array.fromAsync(store.read(everything, { backwards: true, limit: 1 }));
    expect(last?.forgets).toEqual(['ada']);
  });

  test('is done by the commit of a transaction, and not before or without it', async () => {
    const told: (readonly string[])[] = [];
    const telling = createMappedEventStore(
      persistence.events,
      createMapper({
        keys: { store: persistence.keys, masterKeys },
        onForgotten: (subjects) => told.push(subjects),
      }),
    );
    await telling.append({ events: [personalEvent('ada')] });
    const within = (work: () => Promise<void>): Promise<void> =>
      persistence.transaction(async (transaction) => {
        await telling.append(forgetting('ada'), { transaction });
        await Array.fromAsync(telling.read(everything, { transaction }));
        await work();
      });
    await expect(within(() => Promise.reject(new Error('rolled back')))).rejects.toThrow('rolled back');
    expect(await emails(telling)).toEqual(['ada@example.org']);
    await within(async () => expect(told).toEqual([]));
    expect(await emails(telling)).toEqual([null, undefined]);
    expect(told).toEqual([['ada']]);
  });

  test('is not done by an append that was refused', async () => {
    await store.append({ events: [personalEvent('ada')] });
    const refused = store.append({ ...forgetting('ada'), expected: [{ stream: 'Sample-1', version: 7 }] });
    await expect(refused).rejects.toMatchObject({ code: 'CONCURRENCY_CONFLICT' });
    expect(await emails()).toEqual(['ada@example.org']);
  });
});

describe('reading', () => {
  test('looks up the keys of a page together', async () => {
    const subjects = Array.from({ length: 1_200 }, (_, n) => `user:${n}`);
    await store.append({ events: subjects.map((subject, n) => personalEvent(subject, n)) });
    const looked: number[] = [];
    const keys = {
      ...persistence.keys,
      findKeys: (wanted: { readonly ids?: readonly string[] }) => {
        looked.push(wanted.ids?.length ?? 0);
        return persistence.keys.findKeys(wanted);
      },
    };
    const reading = createMappedEventStore(
      persistence.events,
      createMapper({ keys: { store: keys, masterKeys } }),
    );
    const events = await Array.fromAsync(reading.read(everything));
    expect(events.map(({ data }) => data)).toEqual(
      subjects.map((subject, n) => ({ n, email: `${subject}@example.org` })),
    );
    expect(looked).toEqual([500, 500, 200]);
  });

  test('streams: what has come is given while more is waited for', async () => {
    const events = [1, 2, 3, 4].map((n) => ({ ...sampleEvent({ data: { n } }), position: n }) as StoredEvent);
    const more = Promise.withResolvers<void>();
    const inner: EventStore = {
      ...persistence.events,
      async *read() {
        yield* events.slice(0, 3);
        await more.promise;
        yield* events.slice(3);
      },
    };
    const reading = createMappedEventStore(inner, mapper).read(everything)[Symbol.asyncIterator]();
    for (const event of events.slice(0, 3)) expect((await reading.next()).value).toBe(event);
    more.resolve();
    expect((await reading.next()).value).toBe(events[3]);
    expect((await reading.next()).done).toBe(true);
  });

  test('tells of an event that cannot be read', async () => {
    await persistence.events.append({ events: [sampleEvent({ data: { $uuid: 'x' } })] });
    await expect(Array.fromAsync(store.read(everything))).rejects.toMatchObject({
      code: 'UNKNOWN_VALUE_TYPE',
      fields: { position: 1, version: 1, stream: 'Sample-1', type: 'Sampled', path: [] },
    });
  });
});

describe('a snapshot store behind a mapper', () => {
  const state = { email: 'ada@example.org', at: new Date(0) };
  const snapshot = {
    stream: 'Sample-1',
    version: 1,
    position: 1,
    schemaVersion: 1,
    state,
    subjects: ['ada'],
  };

  beforeEach(async () => {
    await store.append({ events: [personalEvent('ada', 1), personalEvent('ada', 2)] });
    await store.append({
      events: [personalEvent('bob', 3), { ...personalEvent('bob', 4), stream: 'Sample-2' }],
    });
  });

  test('gives snapshots and the events behind them as they were', async () => {
    const snapshots = createMappedSnapshotStore(persistence.snapshots, mapper);
    await snapshots.save(snapshot);
    const [stored] = await persistence.snapshots.loadTails(['Sample-1']);
    expect(stored?.snapshot?.state).toBeInstanceOf(Uint8Array);
    const other = createMapper({ keys: { store: persistence.keys, masterKeys } });
    const tails = await createMappedSnapshotStore(persistence.snapshots, other).loadTails([
      'Sample-2',
      'Sample-1',
      'Unknown-1',
    ]);
    expect(tails).toMatchObject([
      { stream: 'Sample-2', snapshot: null, events: [{ data: { n: 4, email: 'bob@example.org' } }] },
      {
        stream: 'Sample-1',
        snapshot,
        events: [{ data: { n: 2, email: 'ada@example.org' } }, { data: { n: 3, email: 'bob@example.org' } }],
      },
      { stream: 'Unknown-1', snapshot: null, events: [] },
    ]);
    expect(await snapshots.deleteSnapshots('all')).toBe(1);
  });

  test('refuses a snapshot of one who was forgotten, naming the stream', async () => {
    const snapshots = createMappedSnapshotStore(persistence.snapshots, mapper);
    await snapshots.save(snapshot);
    await store.append({ events: [sampleEvent({ forgets: ['ada'] })] });
    await expect(snapshots.loadTails(['Sample-2', 'Sample-1'])).rejects.toMatchObject({
      code: 'SUBJECT_FORGOTTEN',
      fields: { stream: 'Sample-1', subject: 'ada' },
    });
    expect(await snapshots.loadTails(['Sample-2'])).toHaveLength(1);
  });
});
