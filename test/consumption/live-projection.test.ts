import fc from 'fast-check';
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest';
import {
  type LiveProjection,
  type LiveState,
  liveProjection,
} from '../../src/consumption/live-projection.ts';
import { LiveReader, type LiveRow } from '../../src/consumption/live-reader.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import { everything } from '../../src/domain/query.ts';
import { watchLive } from '../../src/graphql/live-projection-field.ts';
import { createId } from '../../src/kernel/ids.ts';
import { type RunningBackend, startBackend } from '../../src/main/start-backend.ts';
import type { EventStore } from '../../src/persistence/event-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestFolder, type TestFolder } from '../support/test-folder.ts';
import { Given, Lost, Polished, Purse, type PurseRow, Purses, purseOf, purses } from './purses.ts';

let created: TestDatabase;
let folder: TestFolder;
let one: RunningBackend;
let other: RunningBackend;
beforeAll(async () => {
  created = await createTestDatabase();
  folder = await createTestFolder();
  const options = { databaseUrl: created.url, dataDirectory: folder.path };
  one = await startBackend(purses, options);
  other = await startBackend(purses, options);
});
afterAll(async () => {
  await Promise.all([one.stop(), other.stop()]);
  await folder[Symbol.asyncDispose]();
  await created.drop();
});

/** A purse that no other test knows. */
const newPurse = createId;

const give = async (backend: RunningBackend, from: string, to: string, coins = 1, thanks = 'thanks') =>
  (await backend.execute(Purse.commands.give(from, { from, to, coins, thanks }))).position;
const lose = async (backend: RunningBackend, id: string) =>
  (await backend.execute(Purse.commands.lose(id, { purse: id }))).position;
const polish = async (backend: RunningBackend, id: string) =>
  (await backend.execute(Purse.commands.polish(id, { purse: id }))).position;
const wholeLog = (): Promise<readonly StoredEvent[]> => Array.fromAsync(one.store.read(everything));

function watch(
  backend: RunningBackend,
  purse: string,
  { after, signal }: { readonly after?: number; readonly signal: AbortSignal },
) {
  return watchLive({ backend, resumeAfter: null, signal }, Purses, purse, { after });
}

async function take<Row>(rows: AsyncIterator<LiveRow<Row>>, count: number): Promise<readonly LiveRow<Row>[]> {
  const taken: LiveRow<Row>[] = [];
  while (taken.length < count) {
    const { value, done } = await rows.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

test('whoever leaves ends the reading of a row, as it is and as it was', async () => {
  const [a, b] = [newPurse(), newPurse()];
  const position = await give(one, a, b);
  const signal = AbortSignal.abort();
  for (const asOf of [undefined, { position }])
    await expect(one.live.read(Purses, a, { asOf, signal })).rejects.toMatchObject({ code: 'ABORTED' });
  expect((await one.live.read(Purses, a)).row).toMatchObject({ coins: -1 });
});

test('a row is folded from the events of its key, in whatever streams they are', async () => {
  const [a, b] = [newPurse(), newPurse()];
  await give(one, a, b, 5);
  await give(one, b, a, 2);
  await give(one, a, newPurse(), 9);
  expect((await one.live.read(Purses, b)).row).toEqual({ coins: 3, moves: 2, lastThanks: 'thanks' });
  expect((await one.live.read(Purses, a)).row).toEqual({ coins: -12, moves: 3, lastThanks: 'thanks' });
});

test('a key without events has no row, nor has one whose row was deleted', async () => {
  const [a, b] = [newPurse(), newPurse()];
  expect((await one.live.read(Purses, a)).row).toBeNull();
  await polish(one, a);
  expect((await one.live.read(Purses, a)).row).toBeNull();
  await give(one, a, b);
  await lose(one, a);
  expect((await one.live.read(Purses, a)).row).toBeNull();
  await give(one, a, b);
  expect((await one.live.read(Purses, a)).row).toMatchObject({ coins: -1, moves: 1 });
});

test('a row is never older than what any process had stored when it was asked for', async () => {
  const [a, b] = [newPurse(), newPurse()];
  for (let coins = 1; coins <= 30; coins += 1) {
    const position = await give(coins % 2 === 0 ? one : other, a, b);
    const rows = await Promise.all([one, other].map(({ live }) => live.read(Purses, b)));
    for (const seen of rows) {
      expect(seen.row).toMatchObject({ coins });
      expect(seen.position).toBeGreaterThanOrEqual(position);
    }
  }
});

test('what was read once is folded on from memory, and only so many rows are kept there', async () => {
  const [a, b, c] = [newPurse(), newPurse(), newPurse()];
  const read: number[] = [];
  const store: Pick<EventStore, 'read'> = {
    async *read(query, options) {
      for await (const event of one.store.read(query, options)) {
        read.push(event.position);
        yield event;
      }
    },
  };
  const live = new LiveReader({ store, log: one.log, cacheSize: 2 });
  const positions = [await give(one, a, b), await give(one, b, a), await give(one, c, a)];
  await live.read(Purses, a);
  expect(read.splice(0)).toEqual(positions);
  await live.read(Purses, a);
  expect(read).toEqual([]);
  const next = await give(one, a, b);
  expect((await live.read(Purses, a)).row?.moves).toBe(4);
  expect(read.splice(0)).toEqual([next]);
  // Two others take its place.
  await live.read(Purses, b);
  await live.read(Purses, c);
  read.splice(0);
  await live.read(Purses, a);
  expect(read).toEqual([...positions, next]);
});

test('two definitions of one name share no rows', async () => {
  const [a, b] = [newPurse(), newPurse()];
  await give(one, a, b);
  await one.live.read(Purses, b);
  const Counts = liveProjection<number>('purses', Purses.query).on(Given, (count = 0) => count + 1);
  expect((await one.live.read(Counts, b)).row).toBe(1);
});

test('property: as of any position a row is what the log was then, whether it is in memory or not', async () => {
  const ids = [newPurse(), newPurse(), newPurse()];
  const id = fc.constantFrom(...ids);
  const step = fc.record({ kind: fc.constantFrom('give', 'give', 'lose', 'polish'), from: id, to: id });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.nat(),
      fc.nat(),
      async (steps, x, y) => {
        for (const { kind, from, to } of steps)
          await (kind === 'give'
            ? give(one, from, to)
            : kind === 'lose'
              ? lose(one, from)
              : polish(one, from));
        const events = await wholeLog();
        for (const position of [x % (events.length + 1), y % (events.length + 1)]) {
          const until = events.filter((event) => event.position <= position);
          const time = events[position]?.recordedAt ?? new Date();
          const byThen = events.filter(({ recordedAt }) => recordedAt <= time);
          for (const key of ids) {
            const asOf = { position };
            expect(await one.live.read(Purses, key, { asOf })).toEqual({
              row: purseOf(key, until),
              position,
            });
            expect((await one.live.read(Purses, key, { asOf: { time } })).row).toEqual(purseOf(key, byThen));
            expect((await one.live.read(Purses, key)).row).toEqual(purseOf(key, events));
          }
        }
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);

test('whoever watches gets the row as it is, then as each event leaves it, and nothing for one that changes nothing', async () => {
  const [a, b] = [newPurse(), newPurse()];
  const first = await give(one, a, b);
  const stopping = new AbortController();
  const rows = watch(other, b, { signal: stopping.signal });
  const [now] = await take(rows, 1);
  expect(now?.row).toMatchObject({ moves: 1 });
  expect(now?.position).toBeGreaterThanOrEqual(first);
  const next = take(rows, 3);
  await polish(one, b);
  await give(one, newPurse(), newPurse());
  const positions = [await give(one, a, b, 2), await lose(one, b), await give(one, a, b, 7)];
  expect(await next).toEqual([
    { row: { coins: 3, moves: 2, lastThanks: 'thanks' }, position: positions[0] },
    { row: null, position: positions[1] },
    { row: { coins: 7, moves: 1, lastThanks: 'thanks' }, position: positions[2] },
  ]);
  const last = rows.next();
  stopping.abort();
  expect(await last).toEqual({ done: true, value: undefined });
});

test('property: wherever a watcher is cut off, behind its last position it misses nothing and gets nothing twice', async () => {
  const [a, b] = [newPurse(), newPurse()];
  const start = await one.store.head();
  for (let moves = 1; moves <= 40; moves += 1)
    await (moves % 9 === 0 ? lose(one, a) : moves % 5 === 0 ? polish(one, a) : give(one, a, b, moves));
  const log = await wholeLog();
  const steps = log.filter(({ position, tags }) => position > start && tags.includes(`purse:${a}`));
  const due = steps
    .filter(({ type }) => type !== Polished.type)
    .map(({ position }) => ({
      position,
      row: purseOf(
        a,
        log.filter((event) => event.position <= position),
      ),
    }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 15 })), async (cuts) => {
      const got: LiveRow<PurseRow>[] = [];
      for (const [turn, count] of [...cuts, due.length].entries()) {
        const stopping = new AbortController();
        const backend = turn % 2 === 0 ? one : other;
        const after = got.at(-1)?.position ?? start;
        const rows = watch(backend, a, { after, signal: stopping.signal });
        got.push(...(await take(rows, Math.min(count, due.length - got.length))));
        await rows.return(undefined);
      }
      expect(got).toEqual(due);
    }),
    { numRuns: 20 },
  );
}, 60_000);

test('what is forgotten is forgotten by rows in memory and told to those who watch, in every process', async () => {
  const [a, b] = [newPurse(), newPurse()];
  await give(one, a, b, 1, 'Quill');
  const stopping = new AbortController();
  const watching = [one, other].map((backend) => watch(backend, b, { signal: stopping.signal }));
  for (const rows of watching) expect((await take(rows, 1))[0]?.row?.lastThanks).toBe('Quill');
  for (const { live } of [one, other]) expect((await live.read(Purses, b)).row?.lastThanks).toBe('Quill');
  const told = watching.map((rows) => take(rows, 1));
  await one.execute(Purse.commands.forget(a, { owner: a }));
  for (const rows of told) expect((await rows)[0]?.row?.lastThanks).toBe('somebody');
  for (const { live } of [one, other])
    expect((await live.read(Purses, b)).row).toEqual({ coins: 1, moves: 1, lastThanks: 'somebody' });
  stopping.abort();
});

test('a watcher that is slow over a page is not told what was read for it before', async () => {
  const [a, b] = [newPurse(), newPurse()];
  const start = await one.store.head();
  for (const thanks of ['Quill', 'Quillfeather']) await give(one, a, b, 1, thanks);
  const stopping = new AbortController();
  const rows = watch(one, b, { after: start, signal: stopping.signal });
  expect((await take(rows, 1))[0]?.row?.lastThanks).toBe('Quill');
  await one.execute(Purse.commands.forget(a, { owner: a }));
  expect((await take(rows, 2)).map(({ row }) => [row?.moves, row?.lastThanks])).toEqual([
    [1, 'somebody'],
    [2, 'somebody'],
  ]);
  stopping.abort();
});

test('a second handler for a type is refused', () => {
  expect(() => Purses.on(Lost, () => null)).toThrow(expect.objectContaining({ code: 'DUPLICATE_HANDLER' }));
});

test('the types of rows and events are known', () => {
  expectTypeOf(Purses).toEqualTypeOf<LiveProjection<PurseRow>>();
  expectTypeOf(one.live.read(Purses, 'a')).resolves.toEqualTypeOf<LiveRow<PurseRow>>();
  expectTypeOf(Purses.state.initial).toEqualTypeOf<LiveState<PurseRow>>();
  const counts = liveProjection<{ readonly count: number }>('counts', () => everything);
  counts.on(Given, (row, { data, position, recordedAt }, key) => {
    expectTypeOf(row).toEqualTypeOf<{ readonly count: number } | undefined>();
    expectTypeOf(data.coins).toEqualTypeOf<number>();
    expectTypeOf(position).toEqualTypeOf<number>();
    expectTypeOf(recordedAt).toEqualTypeOf<Date>();
    expectTypeOf(key).toEqualTypeOf<string>();
    return null;
  });
  // @ts-expect-error a handler gives back a row
  counts.on(Given, () => ({ total: 1 }));
});
