import { isDeepStrictEqual } from 'node:util';
import type { AnyRow } from './projection.ts';

/** A field of a row that is not as it was; null where there was, or is, no row. */
export type FieldChange = { readonly field: string; readonly from: unknown; readonly to: unknown };

/** The fields in which two states of a row differ, in the row's order. Its position is none of them. */
export function diffRows(from: AnyRow | undefined, to: AnyRow | undefined): readonly FieldChange[] {
  const fields = new Set([...Object.keys(from ?? {}), ...Object.keys(to ?? {})]);
  fields.delete('position');
  return [...fields]
    .map((field) => ({ field, from: from?.[field] ?? null, to: to?.[field] ?? null }))
    .filter((change) => !isDeepStrictEqual(change.from, change.to));
}

/** An item of a list that came, went or changed: null on the side where it is not. */
export type ItemChange<Item> = {
  readonly key: string;
  readonly from: Item | null;
  readonly to: Item | null;
};

/**
 * The items in which two lists differ, by their keys; the first with a key is compared with the first, the second with the
 * second. Their places in the lists do not count.
 */
export function diffLists<Item>(
  from: readonly Item[],
  to: readonly Item[],
  keyOf: (item: Item) => string,
): readonly ItemChange<Item>[] {
  const [before, after] = [Map.groupBy(from, keyOf), Map.groupBy(to, keyOf)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [old = [], now = []] = [before.get(key), after.get(key)];
    return Array.from({ length: Math.max(old.length, now.length) }, (_, index) => ({
      ...{ key, from: old[index] ?? null, to: now[index] ?? null },
    })).filter((change) => !isDeepStrictEqual(change.from, change.to));
  });
}
