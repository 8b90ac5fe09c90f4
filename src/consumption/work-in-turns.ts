import { nextTurn } from '../kernel/async.ts';
import { runInterruptibly } from '../kernel/interrupt.ts';

/** Milliseconds after which a long fold lets others have a turn: heartbeats go out in time, and clients get their frames. */
const turn = 20;

export type Turn<Item> = {
  readonly work: (item: Item) => void;
  /** Called for an item whose work was broken off, since it took longer than the time limit. */
  readonly onTimeout: (item: Item) => void;
};

/**
 * Works on items in order, a moment at a time: it takes the process's only thread no longer than a turn, and an item that does not end no
 * longer than `timeout` milliseconds.
 */
export async function workInTurns<Item>(
  items: readonly Item[],
  timeout: number,
  { work, onTimeout }: Turn<Item>,
): Promise<void> {
  let next = 0;
  const workForATurn = (): void => {
    const end = performance.now() + turn;
    do {
      const item = items[next];
      if (item !== undefined) work(item);
      next += 1;
    } while (next < items.length && performance.now() < end);
  };
  while (next < items.length) {
    if (!(await runInterruptibly(workForATurn, timeout))) {
      const item = items[next];
      next += 1;
      if (item !== undefined) onTimeout(item);
    }
    if (next < items.length) await nextTurn();
  }
}
