import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFrame } from '../../src/client/live-frame.ts';
import { foldFrames, folding, type OperationResult } from '../../src/client.ts';
import { isLivefoldError } from '../../src/kernel/errors.ts';
import { orders, ScriptedTransport, Taken } from './scripted-transport.ts';

const query = 'subscription { orders { upserted { id } } }';

function open(keys?: Readonly<Record<string, string>>) {
  const transport = new ScriptedTransport();
  const taken = new Taken();
  folding(transport, keys).subscribe({ query }, taken);
  return { transport, taken };
}

test('each result has all rows, and a row that did not change is the same object', () => {
  const { transport, taken } = open();
  const [a, b, paid] = [{ id: 'a' }, { id: 'b' }, { id: 'a', status: 'PAID' }];
  const { sink } = transport.last;
  sink.next(orders({ kind: 'SNAPSHOT', position: 0, upserted: [a], live: false }));
  sink.next(orders({ position: 2, upserted: [b] }));
  sink.next(orders({ position: 3, upserted: [paid] }));
  sink.next(orders({ position: 4, removed: ['a'] }));
  sink.next(orders({ position: 5, kind: 'SNAPSHOT', upserted: [a] }));
  const kind = 'SNAPSHOT';
  expect(taken.results).toEqual([
    orders({ kind, position: 0, upserted: [a], live: false }),
    orders({ kind, position: 2, upserted: [a, b] }),
    orders({ kind, position: 3, upserted: [paid, b] }),
    orders({ kind, position: 4, upserted: [b] }),
    orders({ kind, position: 5, upserted: [a] }),
  ]);
  expect(rowsOf(taken.results[2])[1]).toBe(b);
});

function rowsOf(result: OperationResult | undefined): readonly unknown[] {
  return readFrame(result?.data?.orders)?.upserted ?? [];
}

test('whatever frames come, the rows are those of a map', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd');
  const frame = fc.record({
    kind: fc.constantFrom('SNAPSHOT' as const, 'DELTA' as const),
    upserted: fc.uniqueArray(fc.record({ id, n: fc.nat() }), { selector: (row) => row.id }),
    removed: fc.uniqueArray(id),
  });
  fc.assert(
    fc.property(fc.array(frame), (frames) => {
      const fold = foldFrames('orders');
      let held: Record<string, object> = {};
      for (const { kind, upserted, removed } of frames) {
        const whole = fold({ kind, upserted, removed, position: '1', live: true });
        if (kind === 'SNAPSHOT') held = {};
        for (const gone of removed) delete held[gone];
        for (const row of upserted) held[row.id] = row;
        expect(new Set(whole.upserted)).toEqual(new Set(Object.values(held)));
        expect(whole.upserted).toHaveLength(Object.keys(held).length);
      }
    }),
  );
});

test('rows may have another key', () => {
  const { transport, taken } = open({ orders: 'number' });
  transport.last.sink.next(
    orders({ kind: 'SNAPSHOT', position: 1, upserted: [{ number: 7 }, { number: 8 }] }),
  );
  transport.last.sink.next(orders({ position: 2, removed: ['7'] }));
  expect(rowsOf(taken.results[1])).toEqual([{ number: 8 }]);
});

test('a row without its key ends the subscription and says what to do', () => {
  const { transport, taken } = open();
  transport.last.sink.next(orders({ kind: 'SNAPSHOT', position: 1, upserted: [{ total: '4.50' }] }));
  transport.last.sink.next(orders({ position: 2 }));
  expect(transport.last.isLeft).toBe(true);
  expect(taken.results).toEqual([]);
  expect(taken.errors).toHaveLength(1);
  expect(isLivefoldError(taken.errors[0], 'LIVE_KEY_MISSING')).toBe(true);
});

test('a result without a frame, and a subscription that is no live field, pass as they are', () => {
  const { transport, taken } = open();
  const failed = { data: null, errors: [{ message: 'No.' }] };
  transport.last.sink.next(failed);
  const projections = { data: { projections: [] } };
  folding(transport).subscribe({ query: 'subscription { projections { name } }' }, taken);
  transport.last.sink.next(projections);
  expect(taken.results).toEqual([failed, projections]);
});
