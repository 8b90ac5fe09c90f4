/**
 * The items of pages, one by one. An async generator over the items would do the same and cost 0.6 µs for each item, a
 * tenth of the time in which a log is caught up with; only taking the next page is asynchronous here.
 */
export function flattenPages<Item extends object>(
  pages: AsyncGenerator<readonly Item[]>,
): AsyncIterableIterator<Item> {
  let page: readonly Item[] = [];
  let index = 0;

  async function nextPage(): Promise<IteratorResult<Item>> {
    for (;;) {
      const next = await pages.next();
      if (next.done === true) return { done: true, value: undefined };
      const [first] = next.value;
      if (first === undefined) continue;
      page = next.value;
      index = 1;
      return { done: false, value: first };
    }
  }

  return {
    next() {
      const value = page[index];
      if (value === undefined) return nextPage();
      index += 1;
      return Promise.resolve({ done: false, value });
    },
    async return() {
      page = [];
      await pages.return(undefined);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
