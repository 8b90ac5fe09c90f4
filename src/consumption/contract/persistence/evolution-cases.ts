import assert from 'node:assert/strict';
import { Repository } from '../../../application/repository.ts';
import { aggregate } from '../../../domain/aggregate.ts';
import { event } from '../../../domain/event.ts';
import { EventRegistry } from '../../../domain/event-registry.ts';
import { fold } from '../../../domain/fold.ts';
import type { Upcasters } from '../../../domain/upcast.ts';
import { isLivefoldError } from '../../../kernel/errors.ts';
import type { Persistence } from '../../../persistence/persistence.ts';
import type { ContractCase } from '../contract-case.ts';
import { readStream, sampleEvent } from '../sample-events.ts';
import { sampleSchema } from '../sample-schema.ts';

/** What older programs stored, and what newer ones did. */
export const evolutionCases: readonly ContractCase<Persistence>[] = [
  { name: 'events of every version are folded as today, unknown fields included', run: upcastEvents },
  { name: 'snapshots of every version are brought up to date or passed over', run: upcastSnapshots },
  { name: 'an unknown type or version is told with type, stream and version', run: unknown },
];

type Named = { readonly first: string; readonly last: string; readonly isKnown: boolean };

/** 1: one text, 2: in two parts, 3: with a mark. Each step keeps what it does not know. */
const upcasters: Upcasters = {
  1: ({ name, ...rest }: { readonly name: string }) => {
    const [first = '', last = ''] = name.split(' ');
    return { ...rest, first, last };
  },
  2: (data: object) => ({ ...data, isKnown: false }),
};

const Renamed = event('Renamed', sampleSchema<Named>(), { schemaVersion: 3, upcast: upcasters });

type State = { readonly seen: readonly Named[] };

const seen = fold<State>({ seen: [] }).on(Renamed, (state, { data }) => ({ seen: [...state.seen, data] }));

const stored = [
  { schemaVersion: 1, data: { name: 'Ada Lovelace', extra: 1 } },
  { schemaVersion: 2, data: { first: 'Alan', last: 'Turing', extra: [2] } },
  { schemaVersion: 3, data: { first: 'Grace', last: 'Hopper', isKnown: true, extra: { n: 3 } } },
];
const today = [
  { first: 'Ada', last: 'Lovelace', isKnown: false, extra: 1 },
  { first: 'Alan', last: 'Turing', isKnown: false, extra: [2] },
  stored[2]?.data,
];

async function appendStored({ events }: Persistence): Promise<void> {
  await events.append({
    events: stored.map((parts) => sampleEvent({ ...parts, type: 'Renamed', stream: 'Person-1' })),
  });
}

async function upcastEvents(persistence: Persistence): Promise<void> {
  await appendStored(persistence);
  const log = await readStream(persistence.events, 'Person-1');
  assert.deepEqual(seen.run(log).seen, today);
  // What is stored stays as it was stored.
  assert.deepEqual(
    log.map(({ schemaVersion, data }) => ({ schemaVersion, data })),
    stored,
  );
}

async function upcastSnapshots(persistence: Persistence): Promise<void> {
  const { events, snapshots } = persistence;
  await appendStored(persistence);
  const Person = aggregate('Person', {
    state: seen,
    snapshots: {
      schemaVersion: 3,
      // An older state held one person, then a list, and then an object.
      upcast: { 1: (one: unknown) => [one], 2: (list: unknown) => ({ seen: list }) },
    },
    commands: () => ({}),
  });
  const states: readonly [schemaVersion: number, state: unknown][] = [
    [1, 'one'],
    [2, ['one']],
    [3, { seen: ['one'] }],
  ];
  for (const [schemaVersion, state] of states) {
    await snapshots.save({ stream: 'Person-1', version: 1, position: 1, schemaVersion, state, subjects: [] });
    const loaded = await new Repository(events, { snapshots }).load(Person, '1');
    assert.deepEqual(loaded.state, { seen: ['one', ...today.slice(1)] }, `version ${schemaVersion}`);
  }
  const fromTheFuture = { schemaVersion: 4, state: 'unknown', subjects: [] };
  await snapshots.save({ stream: 'Person-1', version: 2, position: 2, ...fromTheFuture });
  const repository = new Repository(events, { snapshots });
  assert.deepEqual((await repository.load(Person, '1')).state, { seen: today });
  assert.deepEqual([...repository.snapshotFaults], [['UNKNOWN_EVENT_VERSION', 1]]);
}

async function unknown({ events }: Persistence): Promise<void> {
  const newer = sampleEvent({ type: 'Renamed', schemaVersion: 4 });
  await events.append({ events: [sampleEvent({ type: 'NeverHeardOf' }), newer] });
  const [nameless, future] = await readStream(events, 'Sample-1');
  assert.ok(nameless && future);
  const registry = new EventRegistry([Renamed]);
  assertTold(() => registry.understand(nameless), 'UNKNOWN_EVENT_TYPE', ['NeverHeardOf', 'Sample-1', 1]);
  for (const work of [() => registry.understand(future), () => seen.run([future])])
    assertTold(work, 'UNKNOWN_EVENT_VERSION', ['Renamed', 'Sample-1', 2]);
}

function assertTold(work: () => unknown, code: string, expected: readonly unknown[]): void {
  assert.throws(work, (error) => {
    if (!isLivefoldError(error, code)) assert.fail(`Expected an error ${code}, not ${String(error)}`);
    const { type, stream, version } = error.fields;
    assert.deepEqual([type, stream, version], expected);
    return true;
  });
}
