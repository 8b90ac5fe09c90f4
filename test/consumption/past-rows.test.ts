import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldRows } from '../../src/consumption/fold-rows.ts';
import { PastRows } from '../../src/consumption/past-rows.ts';
import type { PastSources } from '../../src/consumption/rows-changed-since.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import type { Query } from '../../src/domain/query.ts';
import type { ReadOptions } from '../../src/persistence/event-store.ts';
import { byId, counted, countersProjection, foldAll, labelled, removed, whispered } from './counters.ts';
import { openCounters } from './open-counters.ts';

const counters = countersProjection();
const mostEvents = 1_000;
const none = async () => [];
/** A projection of which there is no table. */
const models: PastSources['models'] = {
  start: async () => 0,
  position: async () => 0,
  place: async () => ({ position: 0, horizon: 0, token: 0, beyond: null, fault: null }),
  rows: none,
  asKept: async (_, rows) => rows,
  parked: { first: none, waiting: none, skipped: none },
};

test('rows as they were are those that the table had, at every position', async () => {
  await using open = await openCounters();
  const recorded = [];
  const steps = [
    counted('a'),
    labelled('a', 'x'),
    counted('a', 'b'),
    whispered(),
    removed('a'),
    counted('c', 'a'),
    labelled('c', null),
  ];
  for (const step of steps) {
    const at = await open.append(step);
    await open.settle();
    recorded.push({ at, rows: await open.rows() });
  }
  const { past } = open.backend;
  expect([...(await past.rows(open.counters, { at: 0, mostEvents })).values()]).toEqual([]);
  for (const { at, rows } of recorded.toReversed()) {
    const were = [...(await past.rows(open.counters, { at, mostEvents })).values()];
    expect(were.sort(byId)).toEqual(rows);
  }
});

/** A log whose reads are counted, and can be held. */
function heldLog(events: readonly StoredEvent[]) {
  const gates: (() => void)[] = [];
  const log = {
    events,
    reads: [] as { readonly query: Query; readonly range: ReadOptions }[],
    isHeld: false,
    release: () => gates.shift()?.(),
    async *read(query: Query, range: ReadOptions = {}) {
      log.reads.push({ query, range });
      const seen = log.events.slice(0, (range.before ?? Number.POSITIVE_INFINITY) - 1).slice(0, range.limit);
      if (log.isHeld) await new Promise<void>((resolve) => gates.push(resolve));
      yield* seen;
    },
  };
  return log;
}

const manyEvents = (count: number): readonly StoredEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    ...counted(`c${index % 7}`),
    ...{ position: index + 1, version: index + 1, recordedAt: new Date(0) },
  }));

describe('the past', () => {
  test('is folded once for all who ask for one moment, and again for another', async () => {
    const log = heldLog(manyEvents(2_500));
    const past = new PastRows({ store: log, models });
    const at = (position: number) => past.rows(counters, { at: position, mostEvents: 10_000 });
    const [one, other] = await Promise.all([at(2_500), at(2_500)]);
    expect(one).toBe(other);
    expect([...one.values()].sort(byId)).toEqual(foldAll(counters, log.events));
    await at(2_500);
    expect(log.reads).toEqual([{ query: counters.query, range: { after: 0, before: 2_501, limit: 10_001 } }]);
    expect((await at(3)).size).toBe(3);
    expect(log.reads).toHaveLength(2);
  });

  test('keeps two moments only', async () => {
    const log = heldLog(manyEvents(5));
    const past = new PastRows({ store: log, models });
    for (const at of [1, 2, 1, 3, 1, 2]) await past.rows(counters, { at, mostEvents });
    expect(log.reads.map(({ range }) => range.before)).toEqual([2, 3, 4, 3]);
  });

  test('is refused when it has too many events, and that is not kept', async () => {
    const log = heldLog(manyEvents(6));
    const past = new PastRows({ store: log, models });
    await expect(past.rows(counters, { at: 6, mostEvents: 5 })).rejects.toMatchObject({
      code: 'TOO_COSTLY',
      message: expect.stringContaining('ask for an earlier moment'),
      fields: { mostEvents: 5 },
    });
    expect((await past.rows(counters, { at: 5, mostEvents: 5 })).size).toBe(5);
    await expect(past.rows(counters, { at: 6, mostEvents: 6 })).resolves.toHaveProperty('size', 6);
  });

  test('is folded again when somebody was forgotten, also while it was folded', async () => {
    const told = [labelled('c0', 'Ada')].map((event) => ({
      ...event,
      position: 2,
      version: 2,
      recordedAt: new Date(0),
    }));
    const log = heldLog([...manyEvents(1), ...told]);
    const past = new PastRows({ store: log, models });
    const label = async () => (await past.rows(counters, { at: 2, mostEvents })).get('c0')?.label;
    expect(await label()).toBe('Ada');
    past.clear();
    log.isHeld = true;
    const reading = label();
    await expect.poll(() => log.reads.length).toBe(2);
    log.events = [...manyEvents(1)];
    past.clear();
    log.isHeld = false;
    log.release();
    expect(await reading).toBeNull();
    expect(await label()).toBeNull();
  });

  test('is folded no further for one who leaves, and for others all the same', async () => {
    const log = heldLog(manyEvents(5));
    const past = new PastRows({ store: log, models });
    const leaving = new AbortController();
    const { signal } = leaving;
    log.isHeld = true;
    const at = (options: object) => past.rows(counters, { at: 5, mostEvents, ...options });
    const left = at({ signal });
    const waiting = at({ signal });
    const staying = at({});
    await expect.poll(() => log.reads.length).toBe(1);
    expect(log.reads[0]?.range.signal).toBe(signal);
    leaving.abort();
    log.isHeld = false;
    log.release();
    await expect(left).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await staying).size).toBe(5);
    // The second had its turn for nothing.
    expect(log.reads).toHaveLength(2);
  });

  test('of whatever log is what its projection folds to', async () => {
    const one = fc.constantFrom(
      counted('a'),
      counted('a', 'b'),
      removed('a'),
      labelled('b', 'x'),
      whispered(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 30 }), fc.nat(30), async (made, at) => {
        const events = made.map((event, index) => ({
          ...event,
          position: index + 1,
          version: index + 1,
          recordedAt: new Date(0),
        }));
        const rows = await new PastRows({ store: heldLog(events), models }).rows(counters, {
          at,
          mostEvents,
        });
        const folded = foldRows(counters, events.slice(0, at), new Map());
        expect([...rows.values()].sort(byId)).toEqual(
          folded.map(({ after, position }) => ({ ...after, position })).sort(byId),
        );
      }),
    );
  });
});
