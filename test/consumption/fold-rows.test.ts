import { expect, test } from 'vitest';
import { foldRow, foldRows, keysOf } from '../../src/consumption/fold-rows.ts';
import { KeptBackEvents } from '../../src/consumption/kept-back-events.ts';
import { PastFold } from '../../src/consumption/past-fold.ts';
import type { AnyRow } from '../../src/consumption/projection.ts';
import { counted, countersProjection, labelled, removed, stored, whispered } from './counters.ts';

const counters = countersProjection();
const none = new Map<string, AnyRow>();
const row = (id: string, total: number, label: string | null = null): AnyRow => ({ id, total, label });
const existing = (...rows: readonly AnyRow[]) => new Map(rows.map((one) => [String(one.id), one]));

test('an event of several keys changes the row of each', () =>
  expect(foldRows(counters, stored(counted('a', 'b')), existing(row('b', 4)))).toEqual([
    { key: 'a', before: undefined, after: row('a', 1), position: 1 },
    { key: 'b', before: row('b', 4), after: row('b', 5), position: 1 },
  ]));

test('a key that an event names twice is folded once', () =>
  expect(foldRows(counters, stored(counted('a', 'a')), none)).toMatchObject([{ after: row('a', 1) }]));

test('events of one row come to one change, from before the first to after the last, at the position of the last', () =>
  expect(
    foldRows(
      counters,
      stored(counted('a'), labelled('a', 'x'), counted('a'), whispered()),
      existing(row('a', 1)),
    ),
  ).toEqual([{ key: 'a', before: row('a', 1), after: row('a', 3, 'x'), position: 3 }]));

test('null removes the row', () =>
  expect(foldRows(counters, stored(removed('a')), existing(row('a', 1)))).toEqual([
    { key: 'a', before: row('a', 1), after: undefined, position: 1 },
  ]));

test('a row that comes and goes within the batch was never there', () =>
  expect(foldRows(counters, stored(counted('a'), removed('a')), none)).toEqual([]));

test('a row that goes and comes within the batch starts anew, and is told as changed', () =>
  expect(foldRows(counters, stored(removed('a'), counted('a')), existing(row('a', 7, 'x')))).toEqual([
    { key: 'a', before: row('a', 7, 'x'), after: row('a', 1), position: 2 },
  ]));

test('undefined leaves the row as it is, or away', () =>
  expect(foldRows(counters, stored(labelled('a', 'x')), none)).toEqual([]));

test('events that nothing handles concern no key', () =>
  expect([...keysOf(counters, stored(whispered(), counted('b', 'c'), labelled('b', 'x')))]).toEqual([
    'b',
    'c',
  ]));

test('one row folds from its own events alone', () => {
  const log = stored(counted('a', 'b'), counted('b'), labelled('a', 'x'), removed('b'));
  expect(foldRow(counters, 'a', log)).toEqual(row('a', 1, 'x'));
  expect(foldRow(counters, 'b', log)).toBeUndefined();
});

test('a slow fold gives the same, and lets others have a turn now and then', async () => {
  const log = stored(...['a', 'b', 'a', 'c', 'a', 'b'].map((name) => counted(name)));
  const slow = {
    ...{ ...counters, types: counters.types, query: counters.query, isSql: false },
    fingerprint: counters.fingerprint,
    handlerOf(type: string) {
      const end = performance.now() + 30;
      while (performance.now() < end);
      return counters.handlerOf(type);
    },
  };
  let turns = 0;
  const counting = setInterval(() => {
    turns += 1;
  });
  const fold = new PastFold(slow, { keptBack: new KeptBackEvents(slow) });
  await fold.add(log);
  clearInterval(counting);
  const changes = foldRows(counters, log, none);
  expect([...fold.rows.values()]).toEqual(changes.map(({ after, position }) => ({ ...after, position })));
  expect(turns).toBeGreaterThan(2);
});
