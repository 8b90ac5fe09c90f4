import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStream, sampleEvents } from '../../../src/consumption/contract/sample-events.ts';
import { createId } from '../../../src/kernel/ids.ts';
import type { Snapshot } from '../../../src/persistence/snapshot-store.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

function snapshotOf(stream: string, version: number, parts: Partial<Snapshot> = {}): Snapshot {
  return { stream, version, position: version, schemaVersion: 1, state: { version }, subjects: [], ...parts };
}

async function stateOf(stream: string): Promise<unknown> {
  const [tail] = await opened.persistence.snapshots.loadTails([stream]);
  return tail?.snapshot?.state;
}

test('a stream is its snapshot and the events behind that, many streams at once in the order asked for', async () => {
  const { snapshots } = opened.persistence;
  const [covered, tailed, bare, unknown] = [createId(), createId(), createId(), createId()];
  for (const stream of [covered, tailed, bare])
    await opened.store.append({ events: sampleEvents(5, { stream }) });
  const whole = snapshotOf(covered, 5, { state: [1, null, { a: 'ä' }], subjects: ['user:1', 'user "2"'] });
  const part = snapshotOf(tailed, 3, { state: new Uint8Array([0, 255]), schemaVersion: 4 });
  await snapshots.save(whole);
  await snapshots.save(part);
  const tails = await snapshots.loadTails([unknown, tailed, covered, bare, tailed]);
  const stored = async (stream: string, from: number) => (await readStream(opened.store, stream)).slice(from);
  const tail = { stream: tailed, snapshot: part, events: await stored(tailed, 3) };
  expect(tails).toStrictEqual([
    { stream: unknown, snapshot: null, events: [] },
    tail,
    { stream: covered, snapshot: whole, events: [] },
    { stream: bare, snapshot: null, events: await stored(bare, 0) },
    tail,
  ]);
  expect(await snapshots.loadTails([])).toEqual([]);
});

test('within a transaction its own events are behind the snapshot', async () => {
  const stream = createId();
  await opened.persistence.snapshots.save(snapshotOf(stream, 1));
  await opened.store.append({ events: sampleEvents(1, { stream }) });
  await opened.persistence.transaction(async (transaction) => {
    await opened.store.append({ events: sampleEvents(2, { stream }) }, { transaction });
    const [own] = await opened.persistence.snapshots.loadTails([stream], { transaction });
    const [others] = await opened.persistence.snapshots.loadTails([stream]);
    expect([own?.events.map(({ version }) => version), others?.events]).toEqual([[2, 3], []]);
  });
});

test('an older snapshot, or the same again, never takes the place of a newer one', async () => {
  const { snapshots } = opened.persistence;
  const stream = createId();
  await snapshots.save(snapshotOf(stream, 10, { state: 'ten' }));
  await snapshots.save(snapshotOf(stream, 9, { state: 'nine', schemaVersion: 2 }));
  await snapshots.save(snapshotOf(stream, 10, { state: 'ten again' }));
  expect(await stateOf(stream)).toBe('ten');
  await snapshots.save(snapshotOf(stream, 10, { state: 'ten in a new shape', schemaVersion: 2 }));
  expect(await stateOf(stream)).toBe('ten in a new shape');
  await Promise.all(
    Array.from({ length: 30 }, (_, n) => snapshots.save(snapshotOf(stream, 11 + ((n * 7) % 30)))),
  );
  expect(await stateOf(stream)).toEqual({ version: 40 });
});

test('snapshots are deleted by stream, by aggregate, or all', async () => {
  const { snapshots } = opened.persistence;
  await snapshots.deleteSnapshots('all');
  const streams = ['Order-1', 'Order-2', 'Order-', 'Orders-1', 'Order', 'Order.1', 'order-1', 'Ordeq-9'];
  for (const stream of streams) await snapshots.save(snapshotOf(stream, 1));
  expect(await snapshots.deleteSnapshots({ streams: ['Order-2', 'Order-3'] })).toBe(1);
  expect(await snapshots.deleteSnapshots({ aggregate: 'Order' })).toBe(2);
  const left = await opened.database.session.execute<{ stream: string }>(
    sql`select stream from livefold.snapshots order by stream`,
  );
  expect(left.map(({ stream }) => stream)).toEqual(['Ordeq-9', 'Order', 'Order.1', 'Orders-1', 'order-1']);
  expect(await snapshots.deleteSnapshots('all')).toBe(5);
  expect(await snapshots.deleteSnapshots({ streams: [] })).toBe(0);
});
