import type { Side } from '../compare.ts';

/** A side that does one thing after the other, each when the last one is done. */
export function sideOf<Item>(
  name: string,
  make: (count: number) => readonly Item[],
  work: (item: Item) => unknown,
): Side {
  return {
    name,
    prepare(count) {
      const items = make(count);
      return async () => {
        for (const item of items) {
          const done = work(item);
          // What is done at once must not pay for a promise.
          if (done instanceof Promise) await done;
        }
      };
    },
  };
}
