import assert from 'node:assert/strict';
import type { StoredEvent } from '../../../domain/event.ts';
import { everything, matches, type Query } from '../../../domain/query.ts';
import { sleep } from '../../../kernel/async.ts';
import type { EventStore, ReadOptions } from '../../../persistence/event-store.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, idsOf, readAll, sampleEvents } from '../sample-events.ts';
import { combinations, sampleQueries, variedEvents } from '../sample-queries.ts';

/** What a read gives. */
export const readCases: readonly ContractCase<EventStore>[] = [
  { name: 'every query is read in every range, limit and direction', run: everyQuery },
  { name: 'ranges and limits hold at their ends', run: everyEnd },
  { name: 'recorded times never fall, and the log is read as of one', run: asOf },
  { name: 'a read is stopped by its signal, before it starts and on its way', run: stopped },
  { name: 'reads that are broken off cost the store nothing', run: brokenOff },
];

/** Every query with every combination of options, against a filter over a list. */
async function everyQuery(store: EventStore): Promise<void> {
  const log = await appendVaried(store);
  const options = combinations({
    after: [7],
    before: [18],
    limit: [4],
    backwards: [true],
    asOf: [log[11]?.recordedAt ?? assert.fail('half of the log is missing')],
  });
  for (const query of sampleQueries) await compareReads(store, log, { query, options });
}

async function everyEnd(store: EventStore): Promise<void> {
  const log = await appendVaried(store);
  const options = combinations({
    after: [0, 1, 23, 24, 99],
    before: [0, 1, 2, 24, 25, 99],
    limit: [0, 1, 24, 25],
    backwards: [false, true],
  });
  const tagged = { items: [{ tags: ['x:1'] }] };
  const inStream = { items: [{ stream: 'S-10', afterVersion: 3 }, { types: ['A'] }] };
  for (const query of [everything, tagged, inStream]) await compareReads(store, log, { query, options });
}

/** Appends the varied events, in two halves that are recorded at different times. */
async function appendVaried(store: EventStore): Promise<readonly StoredEvent[]> {
  for (const [index, event] of variedEvents().entries()) {
    if (index === 12) await sleep(5);
    await store.append({ events: [event] });
  }
  return readAll(store, everything);
}

async function compareReads(
  store: EventStore,
  log: readonly StoredEvent[],
  { query, options }: { readonly query: Query; readonly options: readonly ReadOptions[] },
): Promise<void> {
  const reads = await Promise.all(options.map((some) => readAll(store, query, some)));
  for (const [index, some] of options.entries()) {
    assert.deepEqual(
      idsOf(reads[index] ?? []),
      idsOf(select(log, query, some)),
      `${JSON.stringify(query)} with ${JSON.stringify(some)}`,
    );
  }
}

function select(log: readonly StoredEvent[], query: Query, options: ReadOptions): readonly StoredEvent[] {
  const { after = 0, before = log.length + 1, limit = log.length, backwards = false, asOf } = options;
  const meant = log.filter(
    (event) =>
      event.position > after &&
      event.position < before &&
      (asOf === undefined || event.recordedAt <= asOf) &&
      matches(query, event),
  );
  return (backwards ? meant.toReversed() : meant).slice(0, limit);
}

async function asOf(store: EventStore): Promise<void> {
  for (let n = 0; n < 20; n += 1) {
    await store.append({ events: sampleEvents(1) });
    if (n % 5 === 0) await sleep(2);
  }
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

/** More events than any store reads at once, so that there is a way to be stopped on. */
async function stopped(store: EventStore): Promise<void> {
  for (let n = 0; n < 12; n += 1) await store.append({ events: sampleEvents(1_000) });
  await assertRejects('ABORTED', readAll(store, everything, { signal: AbortSignal.abort() }));
  const onItsWay = new AbortController();
  const reading = async (): Promise<void> => {
    for await (const _ of store.read(everything, { signal: onItsWay.signal })) onItsWay.abort();
  };
  await assertRejects('ABORTED', reading());
}

async function brokenOff(store: EventStore): Promise<void> {
  for (let n = 0; n < 3; n += 1) await store.append({ events: sampleEvents(1_000) });
  for (let n = 0; n < 50; n += 1) {
    for await (const { position } of store.read(everything, { after: n })) {
      assert.equal(position, n + 1);
      break;
    }
  }
  assert.equal((await store.append({ events: sampleEvents(1) })).position, 3_001);
}
