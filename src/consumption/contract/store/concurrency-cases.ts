import assert from 'node:assert/strict';
import type { StoredEvent } from '../../../domain/event.ts';
import { everything } from '../../../domain/query.ts';
import { nextTurn } from '../../../kernel/async.ts';
import type { EventStore, ReadOptions } from '../../../persistence/event-store.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertDense, outcomeOf, readAll, readStream, sampleEvents } from '../sample-events.ts';

/** What holds when many write and read at once, some through one store and some through others on the same log. */
export const concurrencyCases: readonly ContractCase<EventStore>[] = [
  { name: 'two readers beside ten writers see every event once, in order', run: readersBesideWriters },
  { name: 'two readers that are up with ten writers step over no event', run: readersAtTheHead },
  { name: 'a long read while others append has no hole, in either direction', run: longReads },
  { name: "the positions of one append are never interleaved with another's", run: noInterleaving },
  { name: 'of many writers of one version exactly one wins', run: sameVersionAtOnce },
  { name: 'one refused append touches none of those sent with it', run: judgedAlone },
];

type Another = () => Promise<EventStore>;

async function openFour(store: EventStore, another: Another): Promise<readonly EventStore[]> {
  return [store, await another(), await another(), await another()];
}

/** Ten writers, in turn through one of the stores. */
function writeAll(stores: readonly EventStore[], write: (store: EventStore, n: number) => Promise<void>) {
  return Promise.all(
    Array.from({ length: 10 }, (_, n) => write(stores[n % stores.length] ?? assert.fail('no store'), n)),
  );
}

/** Full pages all the way: the readers are behind the writers, and the log is long. */
async function readersBesideWriters(store: EventStore, another: Another): Promise<void> {
  const write = async (each: EventStore, n: number): Promise<void> => {
    for (let append = 0; append < 100; append += 1)
      await each.append({ events: sampleEvents(100, { stream: `Writer-${n}` }) });
  };
  await readBeside(store, another, { write, total: 10 * 100 * 100, limit: 10 });
}

/** The readers are up with the writers, where an event that appears behind a later one would be stepped over. */
async function readersAtTheHead(store: EventStore, another: Another): Promise<void> {
  const write = async (each: EventStore, n: number): Promise<void> => {
    for (let append = 0; append < 100; append += 1) {
      await each.append({ events: sampleEvents(1 + (append % 4), { stream: `Writer-${n}` }) });
      await nextTurn();
    }
  };
  await readBeside(store, another, { write, total: 10 * 25 * (1 + 2 + 3 + 4), limit: 500 });
}

type Reading = { readonly total: number; readonly limit: number };

async function readBeside(
  store: EventStore,
  another: Another,
  { write, ...reading }: Reading & { readonly write: (store: EventStore, n: number) => Promise<void> },
): Promise<void> {
  const stores = await openFour(store, another);
  const [other, stop] = [await another(), new AbortController()];
  const tails = [store, other].map((each) => tail(each, reading, stop.signal));
  try {
    await Promise.all([writeAll(stores, write), ...tails]);
  } finally {
    stop.abort();
  }
}

/** Polls until all have come; each is the next of the log and the next of its stream. */
async function tail(store: EventStore, { total, limit }: Reading, signal: AbortSignal): Promise<void> {
  const versions = new Map<string, number>();
  let position = 0;
  while (position < total && !signal.aborted) {
    const page = await readAll(store, everything, { after: position, limit });
    assert.ok(page.length <= limit);
    for (const event of page) {
      const version = (versions.get(event.stream) ?? 0) + 1;
      assert.deepEqual([event.position, event.version], [position + 1, version]);
      versions.set(event.stream, version);
      position = event.position;
    }
    if (page.length < limit) await nextTurn();
  }
}

async function longReads(store: EventStore, another: Another): Promise<void> {
  const [stores, done] = [await openFour(store, another), new AbortController()];
  await store.append({ events: sampleEvents(2_500) });
  const reading = [{}, { backwards: true }].map((options) => readUntil(done.signal, store, options));
  await writeAll(stores, async (each, n) => {
    for (let append = 0; append < 20; append += 1)
      await each.append({ events: sampleEvents(50, { stream: `Writer-${n}` }) });
  });
  done.abort();
  for (const read of (await Promise.all(reading)).flat()) assertDense(read);
}

/** Reads the whole log again and again, forwards as it would be read. */
async function readUntil(
  done: AbortSignal,
  store: EventStore,
  options: ReadOptions,
): Promise<readonly (readonly StoredEvent[])[]> {
  const reads: (readonly StoredEvent[])[] = [];
  while (!done.aborted) {
    const events = await readAll(store, everything, options);
    reads.push(options.backwards === true ? events.toReversed() : events);
    await nextTurn();
  }
  return reads;
}

async function noInterleaving(store: EventStore, another: Another): Promise<void> {
  const stores = await openFour(store, another);
  const batches = Array.from({ length: 8 }, (_, n) => sampleEvents(200, { stream: `Writer-${n % 2}` }));
  const receipts = await Promise.all(
    batches.map((events, n) => (stores[n % stores.length] ?? assert.fail('no store')).append({ events })),
  );
  const log = await readAll(store, everything);
  assert.equal(log.length, 8 * 200);
  for (const [index, receipt] of receipts.entries()) {
    const { position } = receipt;
    assert.deepEqual(
      log.slice(position - 200, position).map(({ id }) => id),
      batches[index]?.map(({ id }) => id),
    );
  }
}

async function sameVersionAtOnce(store: EventStore, another: Another): Promise<void> {
  const stores = await openFour(store, another);
  for (let version = 0; version < 10; version += 1) {
    const expected = [{ stream: 'Sample-1', version }];
    const appends = stores.flatMap((each) =>
      Array.from({ length: 4 }, () => outcomeOf(each.append({ events: sampleEvents(1), expected }))),
    );
    const outcomes = await Promise.all(appends);
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
