import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { askParked } from '../../src/consumption/ask-parked.ts';
import { PastRows } from '../../src/consumption/past-rows.ts';
import type { AnyRow } from '../../src/consumption/projection.ts';
import type { RowQuery } from '../../src/consumption/read-models.ts';
import type { PreparedEvent } from '../../src/domain/event.ts';
import type { Query } from '../../src/domain/query.ts';
import type { EventStore, ReadOptions } from '../../src/persistence/event-store.ts';
import { byId, counted, inStream, labelled, removed, whispered } from './counters.ts';
import { moody, parkedOf, withoutPosition, withoutRetries } from './moods.ts';
import { type OpenCounters, openCounters } from './open-counters.ts';

const mostEvents = 10_000;
/** Counters of one family are in one stream, and events are about several of them. */
const stream = (key: string): string => `Family-${key.split(' ')[0]}`;
const all: RowQuery = { limit: 1_000 };

/** The past of open counters that remembers what of the log it has read. */
function watchedPast({ backend }: OpenCounters, models = backend.models) {
  const reads: { readonly query: Query; readonly count: number }[] = [];
  const read: EventStore['read'] = async function* (query, options?: ReadOptions) {
    let count = 0;
    try {
      for await (const event of backend.store.read(query, options)) {
        count += 1;
        yield event;
      }
    } finally {
      reads.push({ query, count });
    }
  };
  return { past: new PastRows({ store: { read }, models }), reads };
}

/** Many events that are for no counter: whatever comes behind them is nearer to now. */
const longAgo = (opened: OpenCounters) => opened.append(...Array.from({ length: 2_000 }, whispered));

const families = ['f', 'g', 'h'] as const;
const keys = ['1', '2', '3'] as const;
const ofFamily = fc.record({
  family: fc.constantFrom(...families),
  some: fc.subarray([...keys], { minLength: 1 }),
});
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('count'), of: ofFamily }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('label'), of: ofFamily }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove'), of: ofFamily }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('whisper', 'skip', 'skip', 'retry', 'mend'), of: ofFamily }),
  },
);
const ofAll = { family: 'f' as const, some: [...keys] };
const counts = { do: 'count' as const, of: ofAll };
const skips = { do: 'skip' as const, of: ofAll };

test('of whatever log, with whatever parked, skipped and retried, rows folded back from now are those folded from the beginning', async () => {
  const { bad, onFold } = moody();
  await using opened = await openCounters({ onFold });
  const { parked } = opened.backend.models;
  await longAgo(opened);
  const keptBack = async () =>
    JSON.stringify([await parked.first('counters'), await parked.skipped('counters')]);
  let run = 0;
  let backwards = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 25 }),
      fc.array(
        fc.tuple(fc.integer({ min: 1, max: 12 }), fc.constantFrom(...families), fc.constantFrom(...keys)),
        { minLength: 3, maxLength: 9 },
      ),
      fc.array(fc.nat(25), { minLength: 3, maxLength: 3 }),
      async (steps, faults, moments) => {
        run += 1;
        const start = await opened.backend.log.head();
        for (const [position, family, key] of faults) bad.add(`${start + position} ${family}${run} ${key}`);
        for (const { do: what, of } of steps) {
          const those = of.some.map((key) => `${of.family}${run} ${key}`);
          const [key = ''] = those;
          const make = (event: PreparedEvent) => opened.append(inStream(stream(key), event));
          if (what === 'count') await make(counted(...those));
          else if (what === 'label') await make(labelled(key, `${those.length} ${run}`));
          else if (what === 'remove') await make(removed(...those));
          else if (what === 'whisper') await opened.append(whispered());
          else if (what === 'mend') for (const one of [...bad].slice(0, 1)) bad.delete(one);
          else {
            await opened.settle();
            const [first] = await parkedOf(opened);
            const action = what === 'skip' ? 'skip' : 'retry';
            if (first !== undefined)
              await askParked(parked, 'counters', action, { key: first.key, timeout: 30_000 });
          }
        }
        await opened.settle();
        await withoutRetries(opened);
        for (const after of moments) {
          const at = Math.min(start + after, await opened.backend.log.head());
          const { past, reads } = watchedPast(opened);
          const seen = await keptBack();
          const back = await past.page(opened.counters, all, { at, mostEvents, stream });
          const isFromNow = reads.every(({ count }) => count <= 60);
          const forth = await watchedPast(opened).past.page(opened.counters, all, { at, mostEvents });
          // A retry may have come between.
          if (seen !== (await keptBack())) continue;
          expect(withoutPosition([...back].sort(byId))).toEqual(withoutPosition([...forth].sort(byId)));
          if (isFromNow) backwards += 1;
        }
        bad.clear();
        await parked.ask('counters', 'retry');
      },
    ),
    // The first log parks and skips for sure.
    {
      numRuns: 20,
      examples: [
        [
          [counts, counts, skips, counts],
          [
            [1, 'f', '1'],
            [2, 'f', '2'],
          ],
          [1, 2, 3],
        ],
      ],
    },
  );
  expect((await parked.skipped('counters')).length).toBeGreaterThan(0);
  expect(backwards).toBeGreaterThan(20);
});

test('pages, filters and orders are those of the table, whatever has changed, come and gone since', async () => {
  await using opened = await openCounters();
  // In which b comes before B.
  await opened.session.execute(sql`alter table counters alter column label type text collate "und-x-icu"`);
  await longAgo(opened);
  const names = Array.from({ length: 30 }, (_, n) => `f${n % 4} ${n}`);
  for (const [n, name] of names.entries())
    await opened.append(
      inStream(stream(name), counted(name)),
      inStream(stream(name), labelled(name, n % 3 === 0 ? null : `${'bAaBé'[n % 5]}${n}`)),
    );
  await opened.settle();
  const queries: readonly RowQuery[] = [
    { limit: 7 },
    { limit: 7, backwards: true },
    { limit: 5, filter: { total: { eq: 1 } }, orderBy: { field: 'label', descending: true } },
    { limit: 40, orderBy: { field: 'label', descending: false } },
    { limit: 5, orderBy: { field: 'label', descending: false }, after: { value: 'a11', key: 'f3 11' } },
    { limit: 5, orderBy: { field: 'label', descending: true }, after: { value: null, key: 'f2 18' } },
    {
      limit: 5,
      orderBy: { field: 'label', descending: false },
      before: { value: null, key: 'f3 27' },
      backwards: true,
    },
    {
      limit: 5,
      filter: { label: { isNull: true } },
      orderBy: { field: 'total', descending: false },
      after: { value: '1', key: 'f1 9' },
    },
  ];
  const at = await opened.backend.log.head();
  const whole = opened.backend.past;
  // One that has not folded all of it.
  const { past } = watchedPast(opened);
  const forth = await Promise.all(
    queries.map((query) => whole.page(opened.counters, query, { at, mostEvents })),
  );
  const back = () =>
    Promise.all(queries.map((query) => past.page(opened.counters, query, { at, mostEvents, stream })));
  expect(await back()).toEqual(forth);
  const change = async (name: string, ...events: readonly PreparedEvent[]) =>
    opened.append(...events.map((one) => inStream(stream(name), one)));
  for (const name of names.slice(5, 20)) await change(name, counted(name), labelled(name, 'zzz'));
  for (const name of names.slice(18, 25)) await change(name, removed(name));
  for (const name of names.slice(22, 24)) await change(name, counted(name));
  // More than a page, before all others and behind them.
  for (let n = 0; n < 9; n += 1)
    await change('a new', counted(`a ${n}`, `z ${n}`), labelled(`a ${n}`, `${n}`));
  await opened.settle();
  expect(await back()).toEqual(forth);
});

test('is the same while the projection goes on', async () => {
  await using opened = await openCounters();
  await longAgo(opened);
  const names = Array.from({ length: 20 }, (_, n) => `f${n % 4} ${n}`);
  await opened.append(...names.map((name) => inStream(stream(name), counted(name))));
  await opened.settle();
  const at = await opened.backend.log.head();
  const were = await opened.rows();
  let isOver = false;
  const writing = (async () => {
    for (let n = 0; !isOver; n += 1) {
      const name = names[n % names.length] ?? '';
      const event = n % 7 === 0 ? removed(name) : counted(name, `${name} ${n}`);
      await opened.append(inStream(stream(name), event));
    }
  })();
  for (let n = 0; n < 30; n += 1) {
    // New now and then: one that goes on from what is known, and one that knows nothing.
    const past = n % 3 === 0 ? watchedPast(opened).past : opened.backend.past;
    const rows: readonly AnyRow[] = await past.page(opened.counters, all, { at, mostEvents, stream });
    expect([...rows].sort(byId)).toEqual(were);
  }
  isOver = true;
  await writing;
  expect(await opened.backend.log.head()).toBeGreaterThan(at + 20);
});

test('only what happened since is read, and once; and the shorter of both ways', async () => {
  await using opened = await openCounters();
  const names = Array.from({ length: 50 }, (_, n) => `f${n} 1`);
  const each = () => opened.append(...names.map((name) => inStream(stream(name), counted(name))));
  await each();
  await each();
  await opened.append(inStream('Family-f3', counted('f3 1')), whispered());
  await opened.settle();
  const { past, reads } = watchedPast(opened);
  const page = (at: number, most = mostEvents) =>
    past.page(opened.counters, all, { at, mostEvents: most, stream });
  const counts = () => reads.splice(0).map(({ count }) => count);
  expect(await page(100)).toHaveLength(50);
  // The event since, and what the stream of its counter had until then.
  expect(counts()).toEqual([1, 2]);
  expect(await page(100)).toHaveLength(50);
  expect(counts()).toEqual([0]);
  await opened.append(inStream('Family-f4', removed('f4 1')));
  await opened.settle();
  expect(await page(100)).toHaveLength(50);
  expect(counts()).toEqual([1, 2]);
  expect(await page(3)).toHaveLength(3);
  expect(counts()).toEqual([3]);
});

test('is folded no further for one who leaves, and from where it is for the next', async () => {
  await using opened = await openCounters();
  const one = (key: string) => inStream(stream(key), counted(key));
  await opened.append(one('f 1'), one('g 1'), one('h 1'), one('f 1'));
  await opened.settle();
  const { store, models } = opened.backend;
  const leaving = new AbortController();
  const { signal } = leaving;
  const seen: (AbortSignal | undefined)[] = [];
  const past = new PastRows({
    models,
    store: {
      read(query, options) {
        seen.push(options?.signal);
        leaving.abort();
        return store.read(query, options);
      },
    },
  });
  const page = (options: object) =>
    past.page(opened.counters, all, { at: 3, mostEvents, stream, ...options });
  await expect(page({ signal })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(seen).toEqual([signal]);
  expect(await page({})).toHaveLength(3);
});

test('what is too much in both directions is refused; in one, the other is taken', async () => {
  await using opened = await openCounters();
  const one = (n: number) => inStream('Family-f', counted(`f ${n % 3}`));
  await opened.append(...Array.from({ length: 40 }, (_, n) => one(n)));
  await opened.settle();
  const { past } = opened.backend;
  const page = (at: number, most: number) =>
    past.page(opened.counters, all, { at, mostEvents: most, stream });
  const tooCostly = (mostEvents: number) => ({
    code: 'TOO_COSTLY',
    message: expect.stringContaining('nearer to the beginning or to now'),
    fields: { mostEvents },
  });
  await expect(page(20, 19)).rejects.toMatchObject(tooCostly(19));
  expect(await page(20, 20)).toHaveLength(3);
  // Five since and the 35 before of their stream, which are no fewer than those before.
  await expect(page(35, 34)).rejects.toMatchObject(tooCostly(34));
  expect(await page(35, 35)).toHaveLength(3);
});

test('a table that has not come as far, or is halted, is not asked', async () => {
  await using opened = await openCounters();
  await longAgo(opened);
  await opened.append(inStream('Family-f', counted('f 1')));
  await opened.settle();
  const at = await opened.backend.log.head();
  const { models } = opened.backend;
  for (const wrong of [{ position: at - 1 }, { fault: 'HALTED: no' }, { beyond: 7 }]) {
    const { past, reads } = watchedPast(opened, {
      ...models,
      place: async (projection) => ({ ...(await models.place(projection)), ...wrong }),
      rows: () => Promise.reject(new Error('It was asked.')),
    });
    expect(await past.page(opened.counters, all, { at, mostEvents, stream })).toHaveLength(1);
    expect(reads.map(({ count }) => count)).toEqual([1]);
  }
});
