import assert from 'node:assert/strict';
import type { EventStore, ExpectedVersion } from '../../../persistence/event-store.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, readStream, sampleEvent } from '../sample-events.ts';

/** What an append may expect of streams. */
export const versionCases: readonly ContractCase<EventStore>[] = [
  { name: 'a version that is taken is a conflict', run: sameVersion },
  { name: 'each form of an expected version holds or conflicts', run: expectedVersions },
  { name: 'one append writes several streams, each as expected or none', run: severalStreams },
];

async function sameVersion(store: EventStore): Promise<void> {
  const next = { expected: [{ stream: 'Sample-1', version: 0 }] };
  await store.append({ events: [sampleEvent()], ...next });
  await assertRejects('CONCURRENCY_CONFLICT', store.append({ events: [sampleEvent()], ...next }));
  assert.equal((await readStream(store, 'Sample-1')).length, 1);
}

async function expectedVersions(store: EventStore): Promise<void> {
  const tryOn = (stream: string, version: ExpectedVersion): Promise<unknown> =>
    store.append({ events: [sampleEvent({ stream })], expected: [{ stream, version }] });
  for (const unmet of [1, 2, 'streamExists'] as const)
    await assertRejects('CONCURRENCY_CONFLICT', tryOn('New', unmet));
  await tryOn('New', 'noStream');
  await tryOn('Zero', 0);
  for (const unmet of [0, 2, 'noStream'] as const)
    await assertRejects('CONCURRENCY_CONFLICT', tryOn('New', unmet));
  await tryOn('New', 1);
  await tryOn('New', 'streamExists');
  await store.append({ events: [sampleEvent({ stream: 'New' })] });
  await assertRejects('INVALID_APPEND', tryOn('New', -1));
  assert.equal((await readStream(store, 'New')).length, 4);
}

async function severalStreams(store: EventStore): Promise<void> {
  const both = (version: number) => ({
    events: [sampleEvent({ stream: 'A' }), sampleEvent({ stream: 'B' }), sampleEvent({ stream: 'A' })],
    expected: [
      { stream: 'A', version: 0 },
      { stream: 'B', version },
    ],
  });
  await assertRejects('CONCURRENCY_CONFLICT', store.append(both(1)));
  await store.append(both(0));
  const versions = async (stream: string): Promise<readonly number[]> =>
    (await readStream(store, stream)).map(({ version }) => version);
  assert.deepEqual([await versions('A'), await versions('B')], [[1, 2], [1]]);
  // A stream may be named that the append does not write.
  const named = { events: [sampleEvent({ stream: 'C' })], expected: [{ stream: 'A', version: 1 }] };
  await assertRejects('CONCURRENCY_CONFLICT', store.append(named));
}
