import { nextTurn } from './async.ts';

/**
 * Items in lists: an item with those that come within the same turn of the event loop, at most so many. Whoever waits for
 * one of them has no other to wait for.
 */
export async function* arrivedTogether<Item>(
  items: AsyncIterable<Item>,
  most: number,
): AsyncGenerator<readonly Item[]> {
  const source = items[Symbol.asyncIterator]();
  let next = source.next();
  try {
    for (let first = await next; first.done !== true; first = await next) {
      const together = [first.value];
      let isOver = false;
      const fill = async (): Promise<void> => {
        while (together.length < most) {
          next = source.next();
          const result = await next;
          // What comes too late is the first of the next list.
          if (isOver || result.done === true) return;
          together.push(result.value);
        }
        next = source.next();
        // It is awaited after the list was taken, and may fail before that.
        next.catch(() => {});
      };
      await Promise.race([fill(), nextTurn()]);
      isOver = true;
      yield together;
    }
  } finally {
    await source.return?.();
  }
}
