import type { Side } from '../compare.ts';
import { type SampleItem, sampleItems } from './sample-items.ts';

/** A side on which so many writers append one item after the other, each when its last one is stored. */
export function writers(name: string, count: number, append: (item: SampleItem) => Promise<unknown>): Side {
  return {
    name,
    prepare(units) {
      const items = sampleItems(units).values();
      const write = async (): Promise<void> => {
        // All writers take from one iterator, so that none is left working alone at the end.
        for (const item of items) await append(item);
      };
      return async () => {
        await Promise.all(Array.from({ length: count }, write));
      };
    },
  };
}
