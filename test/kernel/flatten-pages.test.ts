import { expect, test } from 'vitest';
import { flattenPages } from '../../src/kernel/flatten-pages.ts';

type Item = { readonly id: number };
const [one, two, three] = [{ id: 1 }, { id: 2 }, { id: 3 }];

async function* pagesOf(pages: readonly (readonly Item[])[], ended: () => void = () => {}) {
  try {
    for (const page of pages) yield page;
  } finally {
    ended();
  }
}

test('items come one by one, empty pages do not show', async () => {
  expect(await Array.fromAsync(flattenPages(pagesOf([[one, two], [], [three], []])))).toEqual([
    one,
    two,
    three,
  ]);
  expect(await Array.fromAsync(flattenPages(pagesOf([])))).toEqual([]);
});

test('whoever stops in the middle ends the source', async () => {
  let isEnded = false;
  const items = flattenPages(
    pagesOf([[one, two], [three]], () => {
      isEnded = true;
    }),
  );
  for await (const item of items) if (item.id === 1) break;
  expect(isEnded).toBe(true);
  expect(await items.next()).toEqual({ done: true, value: undefined });
});

test("a source's error comes behind the items before it", async () => {
  const broken = async function* () {
    yield [one];
    throw new Error('cut');
  };
  const seen: Item[] = [];
  await expect(async () => {
    for await (const item of flattenPages(broken())) seen.push(item);
  }).rejects.toThrow('cut');
  expect(seen).toEqual([one]);
});
