import assert from 'node:assert/strict';
import type { StoredEvent } from '../../domain/event.ts';
import { everything } from '../../domain/query.ts';
import type { EventStore } from '../../persistence/event-store.ts';
import type { ContractCase } from './contract-case.ts';
import { assertDense, outcomeOf, readAll, readStream, sampleEvents } from './sample-events.ts';

/** What holds when many write and read at once. */
export const concurrencyCases: readonly ContractCase[] = [
  { name: 'two readers beside ten writers see every event once, in order', run: readersBesideWriters },
  { name: "the positions of one append are never interleaved with another's", run: noInterleaving },
  { name: 'of many writers of one version exactly one wins', run: sameVersionAtOnce },
  { name: 'one refused append touches none of those sent with it', run: judgedAlone },
];

const writers = 10;
const appends = 100;
const eventsPerAppend = 10;

async function readersBesideWriters(store: EventStore): Promise<void> {
  const reading = [tail(store), tail(store)];
  await Promise.all(Array.from({ length: writers }, (_, n) => writeMany(store, `Writer-${n}`)));
  for (const seen of await Promise.all(reading)) {
    assert.equal(seen.length, writers * appends * eventsPerAppend);
    assertDense(seen);
  }
}

async function writeMany(store: EventStore, stream: string): Promise<void> {
  for (let n = 0; n < appends; n += 1)
    await store.append({ events: sampleEvents(eventsPerAppend, { stream }) });
}

/** Polls ten events at a time until all have come. */
async function tail(store: EventStore): Promise<readonly StoredEvent[]> {
  const seen: StoredEvent[] = [];
  while (seen.length < writers * appends * eventsPerAppend) {
    seen.push(...(await readAll(store, everything, { after: seen.at(-1)?.position ?? 0, limit: 10 })));
  }
  return seen;
}

async function noInterleaving(store: EventStore): Promise<void> {
  const batches = Array.from({ length: 8 }, (_, n) => ({
    events: sampleEvents(200, { stream: `Writer-${n % 2}` }),
  }));
  const receipts = await Promise.all(batches.map((batch) => store.append(batch)));
  const log = await readAll(store, everything);
  for (const [index, { position }] of receipts.entries()) {
    assert.deepEqual(
      log.slice(position - 200, position).map(({ id }) => id),
      batches[index]?.events.map(({ id }) => id),
    );
  }
}

async function sameVersionAtOnce(store: EventStore): Promise<void> {
  for (let version = 0; version < 10; version += 1) {
    const expected = [{ stream: 'Sample-1', version }];
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, () => outcomeOf(store.append({ events: sampleEvents(1), expected }))),
    );
    assert.equal(outcomes.filter((outcome) => outcome === 'appended').length, 1);
  }
  assert.deepEqual(
    (await readStream(store, 'Sample-1')).map(({ version }) => version),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
}

async function judgedAlone(store: EventStore): Promise<void> {
  const [known] = sampleEvents(1, { stream: 'Known' });
  assert.ok(known);
  await store.append({ events: [known] });
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, n) => {
      const stream = `Stream-${n}`;
      if (n % 3 === 0)
        return outcomeOf(
          store.append({ events: sampleEvents(1, { stream }), expected: [{ stream, version: 5 }] }),
        );
      if (n % 20 === 1) return outcomeOf(store.append({ events: [...sampleEvents(1, { stream }), known] }));
      return outcomeOf(store.append({ events: sampleEvents(1, { stream }) }));
    }),
  );
  assert.deepEqual(
    outcomes.map((outcome) => outcome === 'conflict'),
    outcomes.map((_, n) => n % 3 === 0 || n % 20 === 1),
  );
  assertDense(await readAll(store, everything));
  assert.equal(await store.head(), 1 + outcomes.filter((outcome) => outcome === 'appended').length);
}
