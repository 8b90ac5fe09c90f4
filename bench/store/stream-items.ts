import { randomUUID } from 'node:crypto';
import type { PreparedEvent } from '../../src/domain/event.ts';
import { createId } from '../../src/kernel/ids.ts';
import { sampleItems } from '../append/sample-items.ts';

/** Appends of so many events each, every one to a stream of its own; `place` is the event's version there. */
export function streamItems(count: number, size: number) {
  return sampleItems(count).map(({ events: [first], expected, command }) => {
    const events: (PreparedEvent & { readonly place: number })[] = [];
    for (let place = 1; first !== undefined && place <= size; place += 1)
      events.push({ ...first, id: createId(), place });
    return { events, expected: expected ?? [], command: { ...command, id: randomUUID() } };
  });
}
