import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffLists, diffRows } from '../../src/consumption/row-diff.ts';

test('rows differ in the fields whose values do, never in their position', () => {
  const from = { id: 'a', at: new Date(0), list: [{ n: 1 }], gone: 1, none: null, position: 1 };
  const to = { id: 'a', at: new Date(0), list: [{ n: 2 }], came: 2, none: undefined, position: 2 };
  expect(diffRows(from, to)).toEqual([
    { field: 'list', from: [{ n: 1 }], to: [{ n: 2 }] },
    { field: 'gone', from: 1, to: null },
    { field: 'came', from: null, to: 2 },
  ]);
  expect(diffRows(undefined, { id: 'a', none: null, position: 1 })).toEqual([
    { field: 'id', from: null, to: 'a' },
  ]);
  expect(diffRows(undefined, undefined)).toEqual([]);
});

describe('lists', () => {
  type Line = { readonly sku: string; readonly quantity: number };
  const skuOf = ({ sku }: Line): string => sku;
  const line = (sku: string, quantity: number): Line => ({ sku, quantity });

  test('differ in the items that came, went or changed, the first of a key compared with the first', () => {
    const from = [line('a', 1), line('b', 1), line('b', 2), line('c', 1)];
    const to = [line('b', 1), line('b', 3), line('b', 4), line('c', 1), line('d', 1)];
    expect(diffLists(from, to, skuOf)).toEqual([
      { key: 'a', from: line('a', 1), to: null },
      { key: 'b', from: line('b', 2), to: line('b', 3) },
      { key: 'b', from: null, to: line('b', 4) },
      { key: 'd', from: null, to: line('d', 1) },
    ]);
  });

  const lines = fc.array(fc.record({ sku: fc.constantFrom('a', 'b', 'toString'), quantity: fc.nat(2) }), {
    maxLength: 6,
  });

  test('differ in as much as leads from the one to the other, and back', () => {
    fc.assert(
      fc.property(lines, lines, (from, to) => {
        const changes = diffLists(from, to, skuOf);
        const text = (item: Line): string => `${item.sku} ${item.quantity}`;
        const left = from.map(text);
        for (const { from: old } of changes) if (old !== null) left.splice(left.indexOf(text(old)), 1);
        const came = changes.flatMap(({ to: now }) => (now === null ? [] : [text(now)]));
        expect([...left, ...came].sort()).toEqual(to.map(text).sort());
        const back = changes.map((change) => ({ key: change.key, from: change.to, to: change.from }));
        const order = (a: { key: string }, b: { key: string }): number =>
          JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
        expect(diffLists(to, from, skuOf).toSorted(order)).toEqual(back.sort(order));
        expect(diffLists(from, from, skuOf)).toEqual([]);
      }),
    );
  });
});
