import { describe, expect, test } from 'vitest';
import { askParked } from '../../src/consumption/ask-parked.ts';
import type { AnyRow } from '../../src/consumption/projection.ts';
import type { PreparedEvent } from '../../src/domain/event.ts';
import { Session } from '../../src/graphql/auth/session.ts';
import { diffField, historyField, readRowAsOf } from '../../src/graphql/history-fields.ts';
import { rowsField } from '../../src/graphql/row-fields.ts';
import { byId, counted, countersProjection, labelled, removed } from './counters.ts';
import { moody, parkedOf, waitUntilFree, withoutPosition, withoutRetries } from './moods.ts';
import { type OpenCounters, openCounters } from './open-counters.ts';

const history = { stream: () => 'Counters' };

/** What the four fields of a counter say. */
function fieldsOf({ backend, counters }: Pick<OpenCounters, 'backend' | 'counters'>) {
  const { signal } = new AbortController();
  const context = { backend, session: new Session(), correlationId: '', resumeAfter: null, signal };
  return {
    one: (key: string, position: number) =>
      readRowAsOf(context, counters, { ...history, key, asOf: { position } }),
    list: async (position: number, options: object = {}): Promise<readonly AnyRow[]> =>
      (await rowsField(counters, undefined, options)(undefined, { asOf: { position }, first: 100 }, context))
        .nodes,
    steps: async (id: string) => {
      const { nodes } = await historyField(counters, history)(undefined, { id }, context);
      return nodes.map(({ notification, after }) => [notification.position, after?.total ?? null]);
    },
    diff: async (id: string, from: number, to: number) =>
      (
        await diffField(counters, history)(
          undefined,
          { id, from: { position: from }, to: { position: to } },
          context,
        )
      ).changes,
  };
}

/** Appends, and remembers what the table showed behind each. */
async function recording(opened: OpenCounters, events: readonly PreparedEvent[]) {
  const recorded: { readonly at: number; readonly rows: readonly AnyRow[] }[] = [];
  for (const event of events) {
    const at = await opened.append(event);
    await opened.settle();
    recorded.push({ at, rows: await opened.rows() });
  }
  return recorded;
}

async function skip(opened: OpenCounters, key: string): Promise<void> {
  const { parked } = opened.backend.models;
  await askParked(parked, 'counters', 'skip', { key, timeout: 30_000 });
}

describe('an event that cannot be folded', () => {
  test('is missing from every past of its key, as from the table, and from no other', async () => {
    const { bad, onFold } = moody();
    await using opened = await openCounters({ onFold });
    await withoutRetries(opened);
    bad.add('3 b');
    const recorded = await recording(opened, [
      counted('a', 'b'),
      labelled('b', 'x'),
      counted('a', 'b'),
      counted('b'),
      counted('a', 'c'),
    ]);
    expect(await parkedOf(opened)).toMatchObject([{ key: 'b', position: 3 }]);
    const { one, list, steps, diff } = fieldsOf(opened);
    for (const { at, rows } of recorded) {
      expect(await list(at)).toEqual(rows);
      expect(await list(at, history)).toEqual(rows);
      for (const key of ['a', 'b', 'c'])
        expect(await one(key, at)).toEqual(rows.find(({ id }) => id === key) ?? null);
    }
    expect(await steps('a')).toEqual([
      [1, 1],
      [3, 2],
      [5, 3],
    ]);
    expect(await steps('b')).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(await diff('b', 1, 5)).toEqual([{ field: 'label', from: null, to: 'x' }]);
    expect(await diff('a', 1, 5)).toEqual([{ field: 'total', from: 1, to: 3 }]);
  });

  test('is left out for ever when it was skipped, and there once it was folded after all', async () => {
    const { bad, onFold } = moody();
    await using opened = await openCounters({ onFold });
    for (const one of ['2 b', '2 a']) bad.add(one);
    await recording(opened, [counted('a', 'b'), counted('a', 'b'), labelled('b', 'x'), removed('c')]);
    const { list, steps } = fieldsOf(opened);
    // It is kept, and to be folded anew.
    expect(await list(2)).toMatchObject([
      { id: 'a', total: 1 },
      { id: 'b', total: 1 },
    ]);
    await skip(opened, 'b');
    expect(withoutPosition(await list(3))).toEqual(
      withoutPosition([
        { id: 'a', total: 1, label: null },
        { id: 'b', total: 1, label: 'x' },
      ]),
    );
    bad.clear();
    await opened.backend.models.parked.ask('counters', 'retry', 'a');
    await waitUntilFree(opened);
    expect(await list(2)).toMatchObject([
      { id: 'a', total: 2 },
      { id: 'b', total: 1 },
    ]);
    expect(withoutPosition(await list(4))).toEqual(withoutPosition(await opened.rows()));
    expect(await steps('b')).toEqual([
      [1, 1],
      [3, 1],
    ]);
    expect(await steps('a')).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test('keeps its stream back where nobody knows its keys, and is left out under it', async () => {
    let isBad = true;
    let calls = 0;
    const onKeys = ({ position }: { readonly position: number }) => {
      if (position !== 2) return undefined;
      if (isBad) throw new RangeError('no key');
      return undefined;
    };
    const countCalls = ({ position }: { readonly position: number }) => {
      if (position === 2) calls += 1;
      return undefined;
    };
    await using opened = await openCounters({ onKeys, shards: 2 });
    await withoutRetries(opened);
    const recorded = await recording(opened, [
      counted('a', 'b', 'c'),
      counted('a', 'b', 'c'),
      counted('a', 'b', 'c'),
    ]);
    const keys = (await parkedOf(opened)).map(({ key }) => key);
    expect(keys).toEqual(['stream:Counters#0/2', 'stream:Counters#1/2']);
    // The handlers of the past alone, which could fold it by now; but the table has not.
    const counters = countersProjection({ onKeys: countCalls, shards: 2 });
    const { list, steps } = fieldsOf({ backend: opened.backend, counters });
    const isAsRecorded = async () => {
      for (const { at, rows } of recorded) expect(await list(at)).toEqual(rows);
      expect(await steps('a')).toEqual([[1, 1]]);
    };
    await isAsRecorded();
    // Nor are they asked: they may be such as do not end.
    expect(calls).toBe(0);
    isBad = false;
    // One shard folds it, then the other leaves it out.
    const { parked } = opened.backend.models;
    await askParked(parked, 'counters', 'retry', { key: keys[0], timeout: 30_000 });
    const totals = async () => new Set((await opened.rows()).map(({ total }) => total));
    expect(await totals()).toEqual(new Set([1, 3]));
    expect(withoutPosition(await list(3))).toEqual(withoutPosition(await opened.rows()));
    await skip(opened, keys[1] ?? '');
    expect(await totals()).toEqual(new Set([2, 3]));
    expect(withoutPosition(await list(3))).toEqual(withoutPosition(await opened.rows()));
  });

  test('whose handler does not end is not called again for the past', async () => {
    let calls = 0;
    const isPoison = (position: number, key: string) => position === 2 && key === 'b';
    const onFold = ({ position }: { readonly position: number }, key: string) => {
      if (!isPoison(position, key)) return undefined;
      for (;;);
    };
    const countCalls = ({ position }: { readonly position: number }, key: string) => {
      if (isPoison(position, key)) calls += 1;
      return undefined;
    };
    await using opened = await openCounters({ onFold, timeout: 100 });
    await withoutRetries(opened);
    const recorded = await recording(opened, [counted('a', 'b'), counted('a', 'b'), counted('a')]);
    // The handlers of the past alone.
    const counters = countersProjection({ onFold: countCalls });
    const { list, steps } = fieldsOf({ backend: opened.backend, counters });
    for (const { at, rows } of recorded) expect(await list(at)).toEqual(rows);
    expect(await steps('b')).toEqual([[1, 1]]);
    expect(calls).toBe(0);
  });

  test('and is not parked, since another program folded it, is its key’s matter alone', async () => {
    const { bad, onFold } = moody();
    await using opened = await openCounters();
    await opened.append(counted('a', 'b'), counted('a', 'b'), counted('a', 'b'));
    await opened.settle();
    const counters = countersProjection({ onFold });
    const { list, steps } = fieldsOf({ backend: opened.backend, counters });
    bad.add('2 b');
    expect(await list(3)).toMatchObject([
      { id: 'a', total: 3 },
      { id: 'b', total: 1 },
    ]);
    expect(await steps('b')).toEqual([[1, 1]]);
    // It is not kept: another time it may be folded.
    bad.clear();
    expect((await list(3)).toSorted(byId)).toEqual(await opened.rows());
  });
});
