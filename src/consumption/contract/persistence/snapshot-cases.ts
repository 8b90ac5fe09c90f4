import assert from 'node:assert/strict';
import type { Persistence } from '../../../persistence/persistence.ts';
import type { Snapshot } from '../../../persistence/snapshot-store.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertBytes, assertSameList, idsOf, sampleEvent, sampleEvents } from '../sample-events.ts';

/** Snapshots, and what a stream is loaded from. */
export const snapshotCases: readonly ContractCase<Persistence>[] = [
  { name: 'a snapshot comes back as it was saved', run: everyField },
  { name: 'only a newer snapshot takes the place of another', run: onlyNewer },
  { name: 'of many snapshots saved at once the newest stays', run: atOnce },
  { name: 'streams are loaded by snapshot and the events behind it, in the order asked for', run: tails },
  { name: 'a thousand streams are loaded at once', run: manyStreams },
  { name: 'snapshots are deleted by stream, by aggregate and all, and counted', run: deletion },
  { name: 'a snapshot that was given or loaded may be changed, and what is stored stays', run: notShared },
];

function sampleSnapshot(parts: Partial<Snapshot> = {}): Snapshot {
  return { stream: 'Sample-1', version: 1, position: 1, schemaVersion: 1, state: {}, subjects: [], ...parts };
}

async function load({ snapshots }: Persistence, stream = 'Sample-1'): Promise<Snapshot | null | undefined> {
  return (await snapshots.loadTails([stream]))[0]?.snapshot;
}

async function everyField(persistence: Persistence): Promise<void> {
  const states: readonly unknown[] = [{ a: [1, null, 'ä\u{1f600}'] }, [], 'text', 0, false, null];
  for (const [index, state] of states.entries()) {
    const stream = `Sample-${index}`;
    const saved = sampleSnapshot({ stream, version: 7, position: 2 ** 40, schemaVersion: 3, state });
    await persistence.snapshots.save({ ...saved, subjects: ['user:1', 'odd "{,}\\'] });
    assert.deepEqual(await load(persistence, stream), { ...saved, subjects: ['user:1', 'odd "{,}\\'] });
  }
  const bytes = Uint8Array.from({ length: 256 }, (_, value) => value);
  await persistence.snapshots.save(sampleSnapshot({ stream: 'Bytes-1', state: bytes }));
  assertBytes((await load(persistence, 'Bytes-1'))?.state, bytes);
}

async function onlyNewer(persistence: Persistence): Promise<void> {
  const { snapshots } = persistence;
  const kept = sampleSnapshot({ version: 10, schemaVersion: 2, state: 'kept' });
  await snapshots.save(kept);
  const older: readonly Partial<Snapshot>[] = [
    { version: 9, schemaVersion: 2 },
    { version: 9, schemaVersion: 3 },
    { version: 10, schemaVersion: 2 },
    { version: 10, schemaVersion: 1 },
  ];
  for (const parts of older) await snapshots.save(sampleSnapshot({ ...parts, state: 'not newer' }));
  assert.deepEqual(await load(persistence), kept);
  // The same version folded to a newer shape of the state; then a newer version, whatever its shape.
  for (const parts of [
    { version: 10, schemaVersion: 3 },
    { version: 11, schemaVersion: 1 },
  ]) {
    const newer = sampleSnapshot({ ...parts, state: 'newer', subjects: ['user:1'] });
    await snapshots.save(newer);
    assert.deepEqual(await load(persistence), newer);
  }
}

async function atOnce(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const [one, other] = [persistence.snapshots, (await another()).snapshots];
  const saves = Array.from({ length: 40 }, (_, n) => {
    const version = ((n * 7) % 40) + 1;
    return (n % 2 === 0 ? one : other).save(sampleSnapshot({ version, state: { version } }));
  });
  await Promise.all(saves);
  assert.deepEqual(await load(persistence), sampleSnapshot({ version: 40, state: { version: 40 } }));
}

async function tails(persistence: Persistence): Promise<void> {
  const { events, snapshots } = persistence;
  assert.deepEqual(await snapshots.loadTails([]), []);
  for (let n = 0; n < 4; n += 1)
    await events.append({ events: ['A', 'B', 'C'].map((stream) => sampleEvent({ stream, data: { n } })) });
  const saved = ['A', 'C'].map((stream, index) =>
    sampleSnapshot({ stream, version: 2 + 2 * index, state: stream }),
  );
  for (const snapshot of saved) await snapshots.save(snapshot);
  // A log that was restored may end before its snapshots.
  await snapshots.save(sampleSnapshot({ stream: 'Ahead', version: 9 }));
  const loaded = await snapshots.loadTails(['C', 'Unknown', 'A', 'Ahead', 'B']);
  assert.deepEqual(
    loaded.map(({ stream, snapshot, events: behind }) => [
      stream,
      snapshot?.version,
      behind.map((event) => [event.stream, event.version, event.data]),
    ]),
    [
      ['C', 4, []],
      ['Unknown', undefined, []],
      ['A', 2, [3, 4].map((version) => ['A', version, { n: version - 1 }])],
      ['Ahead', 9, []],
      ['B', undefined, [1, 2, 3, 4].map((version) => ['B', version, { n: version - 1 }])],
    ],
  );
  assert.deepEqual(loaded[4]?.events, await Array.fromAsync(events.read({ items: [{ stream: 'B' }] })));
}

async function manyStreams({ events, snapshots }: Persistence): Promise<void> {
  const streams = Array.from({ length: 1_000 }, (_, n) => `Many-${n}`);
  await events.append({ events: streams.flatMap((stream) => sampleEvents(2, { stream })) });
  for (const stream of streams.slice(0, 20)) await snapshots.save(sampleSnapshot({ stream }));
  const loaded = await snapshots.loadTails(streams.toReversed());
  assertSameList(
    loaded.map(({ stream }) => stream),
    streams.toReversed(),
  );
  assert.equal(idsOf(loaded.flatMap((tail) => tail.events)).length, 2_000 - 20);
}

async function deletion(persistence: Persistence): Promise<void> {
  const { snapshots } = persistence;
  const streams = [
    'Order-1',
    'Order-2',
    'OrderLine-1',
    'order-1',
    'Order',
    'Ordex-1',
    'Order.1',
    'A-Order-1',
  ];
  const saveAll = () => Promise.all(streams.map((stream) => snapshots.save(sampleSnapshot({ stream }))));
  const left = async (): Promise<readonly string[]> => {
    const loaded = await snapshots.loadTails(streams);
    return loaded.filter(({ snapshot }) => snapshot !== null).map(({ stream }) => stream);
  };
  await saveAll();
  assert.equal(await snapshots.deleteSnapshots({ aggregate: 'Order' }), 2);
  assert.deepEqual(await left(), streams.slice(2));
  for (const aggregate of ['Orde_', '%', 'Unknown'])
    assert.equal(await snapshots.deleteSnapshots({ aggregate }), 0);
  await saveAll();
  assert.equal(await snapshots.deleteSnapshots({ streams: ['Order-2', 'Order', 'Unknown-1'] }), 2);
  assert.equal(await snapshots.deleteSnapshots({ streams: [] }), 0);
  assert.deepEqual(
    await left(),
    streams.filter((stream) => stream !== 'Order-2' && stream !== 'Order'),
  );
  assert.equal(await snapshots.deleteSnapshots('all'), 6);
  assert.deepEqual(await left(), []);
  // An older one is welcome where none is.
  await snapshots.save(sampleSnapshot({ stream: 'Order-1' }));
  assert.deepEqual(await left(), ['Order-1']);
}

async function notShared(persistence: Persistence): Promise<void> {
  const saved = { ...sampleSnapshot(), state: { list: [1] }, subjects: ['user:1'] };
  await persistence.snapshots.save(saved);
  const before = structuredClone(saved);
  const loaded = await load(persistence);
  for (const { state, subjects } of [saved, { ...saved, ...loaded }]) {
    Reflect.set(Object(Reflect.get(Object(state), 'list')), 0, 'changed');
    Reflect.set(subjects, 0, 'changed');
  }
  assert.deepEqual(await load(persistence), before);
}
